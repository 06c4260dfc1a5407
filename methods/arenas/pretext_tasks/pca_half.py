"""PCA of the half: keep the directions in which unlabelled halves vary most.

Unlabelled upper halves alone say which combinations of pixels vary; the rest is dropped before labels are read. It is
what unlabelled pictures give without a pretext.

    f(x1) = V_k' (x1 - mean),   V_k the first k eigenvectors of Cov(x1)

Follows the textbook.

>>> import torch
>>> x = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
>>> PcaHalf(k=1).fit(x, None, None)(torch.tensor([[3.0, 5.0]])).abs().tolist()
[[3.0]]
"""

import torch

from methods.arenas.pretext_tasks.arena import PretextMethod
from methods.kit.method import Card
from methods.kit.params import param


class PcaHalf(PretextMethod):
    card = Card(title="PCA of the half")

    k: int = param(32, "directions kept", low=1, high=256)

    def fit(self, x1, x2, task):
        mean = x1.mean(0)
        directions = torch.linalg.eigh((x1 - mean).T @ (x1 - mean)).eigenvectors[:, -self.k:]
        return lambda x: (x - mean) @ directions
