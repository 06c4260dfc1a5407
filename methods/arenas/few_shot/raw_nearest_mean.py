"""Raw nearest mean: the nearest mean of features as they are.

Neither centred nor brought to one length: what those two steps are measured against.

    argmin_c |x - m_c|^2

Follows the textbook.

>>> import torch
>>> from methods.arenas.few_shot.stage.task import squared_distances
>>> squared_distances(torch.tensor([[[3.0]]]), torch.tensor([[[1.0], [4.0]]])).tolist()
[[[4.0, 1.0]]]
"""

from methods.arenas.few_shot.arena import FewShotMethod
from methods.arenas.few_shot.stage.task import squared_distances
from methods.kit.method import Card


class RawNearestMean(FewShotMethod):
    card = Card(title="Raw nearest mean")

    def classify(self, asked, task):
        return -squared_distances(asked.query, asked.support.mean(2))
