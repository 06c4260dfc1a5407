"""Random map: features to meanings by a matrix of chance. No drawing is looked at; the lower end of this arena.

    score_c(x) = cos(x' R, s_c),   R of standard normal entries

Follows the textbook.

>>> import torch
>>> x, r = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 0.0], [0.0, 2.0]])                     # (3, 4) at length one
>>> [round(v, 2) for v in F.normalize(x @ r, dim=1)[0].tolist()]
[0.6, 0.8]
"""

import torch
import torch.nn.functional as F

from methods.arenas.zero_shot.arena import ZeroShotMethod
from methods.kit.method import Card


class RandomMap(ZeroShotMethod):
    card = Card(title="Random map")

    def fit(self, task):
        self.map = torch.randn(task.width, task.vectors.shape[1], device=task.x.device)

    def scores(self, x, task):
        return F.normalize(task.features(x) @ self.map, dim=1) @ task.vectors.T
