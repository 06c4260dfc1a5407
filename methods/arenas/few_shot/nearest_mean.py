"""Nearest mean: a query is of the kind whose mean drawing it is nearest to.

Features less the mean of the base drawings, at length one, and the mean of each kind's few drawings: no training. The
reference of this arena.

    argmin_c |x - m_c|^2,   m_c = mean of the kind's drawings,   x and the drawings centred and of length one

Follows the paper.

>>> import torch
>>> from methods.arenas.few_shot.stage.task import squared_distances
>>> squared_distances(torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])).round().tolist()
[[[0.0, 2.0]]]
"""

from methods.arenas.few_shot.arena import FewShotMethod
from methods.arenas.few_shot.stage.task import squared_distances
from methods.kit.method import Beats, Card, Paper


class NearestMean(FewShotMethod):
    card = Card(
        title="Nearest mean",
        papers=(Paper("SimpleShot: Revisiting Nearest-Neighbor Classification for Few-Shot Learning", 2019,
                      arxiv="1911.04623"),),
        fidelity="faithful",
        claims=(Beats("raw-nearest-mean", on="accuracy", setting="one-shot"), Beats("raw-nearest-mean", on="accuracy")),
    )

    def classify(self, asked, task):
        return -squared_distances(task.unit(asked.query), task.unit(asked.support).mean(2))
