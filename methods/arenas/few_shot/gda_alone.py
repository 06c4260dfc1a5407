"""GDA alone: a Gaussian of each kind with one shrunk covariance, without names.

The linear rule of GDA by itself: what the drawings say. At one drawing of each kind the covariance is about the mean of
all.

    S^-1 = d ((N - 1) Cov + tr(Cov) I)^-1,   argmax_c  m_c' S^-1 x - m_c' S^-1 m_c / 2

Follows the textbook, with the shrinkage of GDA.

>>> import torch
>>> x = torch.tensor([[[[1.0], [3.0]], [[5.0], [7.0]]]])              # about the means: cov = 4/3, 1 / (4 + 4/3)
>>> [round(v, 4) for v in rule(x)[0].flatten().tolist()]                                # 2 * 0.1875, 6 * 0.1875
[0.375, 1.125]
"""

import torch

from methods.arenas.few_shot.arena import FewShotMethod
from methods.kit.method import Card


def rule(support):
    """Weights (E, W, D) and offsets (E, W) from drawings (E, W, S, D)."""
    means, shots, width = support.mean(2), support.shape[2], support.shape[3]
    away = (support - (means[:, :, None] if shots > 1 else support.mean((1, 2), keepdim=True))).flatten(1, 2)
    scatter = away.transpose(1, 2) @ away                                                     # (N - 1) Cov
    trace = scatter.diagonal(dim1=1, dim2=2).sum(1)[:, None, None] / (away.shape[1] - 1)
    shrunk = scatter + trace * torch.eye(width, dtype=scatter.dtype, device=scatter.device)
    w = width * torch.linalg.solve(shrunk, means.transpose(1, 2)).transpose(1, 2)
    return w, -(w * means).sum(2) / 2


class GdaAlone(FewShotMethod):
    card = Card(title="GDA without names")

    def classify(self, asked, task):
        w, b = rule(task.unit(asked.support))
        return task.unit(asked.query) @ w.transpose(1, 2) + b[:, None]
