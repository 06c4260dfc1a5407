"""LEEP: predict the labels from the model's own kinds, by how often they meet.

    P(y, z) = 1/n sum over items with label y of theta(x)_z,   P(y | z) = P(y, z) / P(z)
    s = 1/n sum_i log sum_z P(y_i | z) theta(x_i)_z

theta(x)_z is the model's chance for its own kind z.

Follows the paper.

>>> import torch
>>> round(expected(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1])).log().mean().item(), 2)
0.0
"""

from methods.arenas.model_selection.arena import ModelSelectionMethod
from methods.arenas.model_selection.stage.empirical import expected
from methods.arenas.model_selection.stage.task import groups
from methods.kit.method import Beats, Card, Paper


class Leep(ModelSelectionMethod):
    card = Card(
        title="LEEP",
        papers=(Paper("LEEP: A New Measure to Evaluate Transferability of Learned Representations", 2020,
                      arxiv="2002.12462"),),
        fidelity="faithful",
        claims=(Beats("random", on="tau"), Beats("random", on="tau", setting="fine-tuned")),
    )

    def score(self, model, task):
        return expected(model.chances, groups(task)).log().mean().item()
