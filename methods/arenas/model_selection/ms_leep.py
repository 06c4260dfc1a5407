"""MS-LEEP: the sum of the members' LEEP.

    s(S) = sum over models m in S of 1/n sum_i log sum_z P_m(y_i | z) theta_m(x_i)_z

Follows the paper.

>>> import torch
>>> from methods.arenas.model_selection.stage.empirical import expected
>>> said = expected(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([0, 1]))     # each label half of the time
>>> said.tolist()
[0.5, 0.5]
"""

from methods.arenas.model_selection.arena import ModelSelectionMethod
from methods.arenas.model_selection.stage.empirical import expected
from methods.arenas.model_selection.stage.task import groups
from methods.kit.method import Beats, Card, Paper


class MsLeep(ModelSelectionMethod):
    card = Card(
        title="MS-LEEP",
        papers=(Paper("Transferability Metrics for Selecting Source Model Ensembles", 2022, arxiv="2111.13011"),),
        fidelity="faithful",
        claims=(Beats("random", on="tau", setting="ensembles"),),
    )

    def score(self, model, task):
        return self.score_set([model], task)

    def score_set(self, models, task):
        return sum(expected(model.chances, groups(task)).log().mean().item() for model in models)
