"""Orthogonal map: independent models, and afterwards the turn that best brings the new embeddings to the old ones.

    R = argmin over R with R'R = I of ||Z R - Z_old||,   R = U V' of the singular vectors of Z' Z_old

Fitted on the drawings of this upgrade, whose embeddings are of length 1; each model is turned towards the one before,
which is itself turned. A turn changes nothing within a model.

Follows the textbook (orthogonal Procrustes).

>>> import torch
>>> z, turn = torch.eye(2), torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
>>> torch.allclose(nearest_turn(z, z @ turn), turn)
True
"""

import torch
from torch import nn

from methods.arenas.compatible_embeddings.arena import CompatibleMethod
from methods.arenas.compatible_embeddings.stage.task import embedded
from methods.kit.method import Card


def nearest_turn(z, old):
    """R above (D, D) for rows (N, D)."""
    u, _, v = torch.linalg.svd(z.T @ old)
    return u @ v


class OrthogonalMap(CompatibleMethod):
    card = Card(title="Orthogonal map")

    def finish(self, net, task):
        if task.old is None:
            return net
        x = task.train.x[::max(1, len(task.train) // 4000)]
        layer = nn.Linear(task.features, task.features, bias=False, device=x.device)
        with torch.no_grad():
            layer.weight.copy_(nearest_turn(embedded(net.eval(), x), embedded(task.old, x)).T)
        return nn.Sequential(net, layer)
