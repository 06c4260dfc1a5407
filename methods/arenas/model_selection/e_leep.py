"""E-LEEP: LEEP of the members' averaged predictions.

    s(S) = 1/n sum_i log (1/|S| sum over models m in S of sum_z P_m(y_i | z) theta_m(x_i)_z)

Follows the paper.

>>> import torch
>>> from methods.arenas.model_selection.stage.empirical import expected
>>> both = [expected(torch.tensor(p), torch.tensor([0, 1])) for p in ([[1.0, 0], [0, 1.0]], [[1.0, 0], [1.0, 0]])]
>>> ((both[0] + both[1]) / 2).tolist()
[0.75, 0.75]
"""

from methods.arenas.model_selection.arena import ModelSelectionMethod
from methods.arenas.model_selection.stage.empirical import expected
from methods.arenas.model_selection.stage.task import groups
from methods.kit.method import Beats, Card, Paper


class ELeep(ModelSelectionMethod):
    card = Card(
        title="E-LEEP",
        papers=(Paper("Transferability Metrics for Selecting Source Model Ensembles", 2022, arxiv="2111.13011"),),
        fidelity="faithful",
        claims=(Beats("random", on="tau", setting="ensembles"),),
    )

    def score(self, model, task):
        return self.score_set([model], task)

    def score_set(self, models, task):
        said = sum(expected(model.chances, groups(task)) for model in models) / len(models)
        return said.log().mean().item()
