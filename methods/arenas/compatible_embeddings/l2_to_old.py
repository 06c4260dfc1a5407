"""L2 to old: learn anew while each embedding stays near the one that the previous model gives.

    loss = CE + weight mean ||z / |z| - z_old / |z_old| ||^2

Follows the regression baseline of papers on compatible features; the weight is ours.

>>> from types import SimpleNamespace
>>> task, z = SimpleNamespace(old=lambda x: x), torch.tensor([[3.0, 0.0]])           # log 2, and a right angle apart
>>> round(L2ToOld().loss(z, torch.zeros(1, 2), torch.tensor([[0.0, 2.0]]), torch.tensor([0]), task).item(), 4)
2.6931
"""

import torch
import torch.nn.functional as F

from methods.arenas.compatible_embeddings.arena import CompatibleMethod
from methods.kit.method import Card
from methods.kit.params import param


class L2ToOld(CompatibleMethod):
    card = Card(title="Regression to the old embedding")

    weight: float = param(1.0, "of the distance to the old embedding", low=0.0, high=100.0)

    def loss(self, z, logits, x, y, task):
        named = F.cross_entropy(logits, y)
        if task.old is None:
            return named
        with torch.no_grad():
            old = F.normalize(task.old(x), dim=1)
        return named + self.weight * (F.normalize(z, dim=1) - old).square().sum(1).mean()
