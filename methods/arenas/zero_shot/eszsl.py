"""ESZSL: a bilinear score of drawing and meaning, in closed form.

A matrix is sought whose product with a drawing and a kind's vector is 1 for its own kind and -1 for all other seen
kinds, least squares with a penalty on either side. An unseen kind is scored by its own vector. The reference of this
arena.

    V = (X'X + gamma I)^-1 X'Y S (S'S + lam I)^-1,   score_c(x) = x' V s_c,   Y in {-1, 1}

Follows the paper. Vectors are centred on the seen kinds and of length one. Both penalties are the best of three by
three (1, 10, 100) on seeds 100 to 102.

>>> import torch
>>> from methods.arenas.zero_shot.stage.task import bilinear
>>> x, s = torch.tensor([[1.0], [-1.0]]), torch.tensor([[1.0], [-1.0]])             # X'YS = 4; (2 + 2)^-1, (2 + 0)^-1
>>> bilinear(x, torch.tensor([0, 1]), s, 2.0, 0.0).item()
0.5
"""

from methods.arenas.zero_shot.arena import ZeroShotMethod
from methods.arenas.zero_shot.stage.task import bilinear
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Eszsl(ZeroShotMethod):
    card = Card(
        title="ESZSL",
        papers=(Paper("An embarrassingly simple approach to zero-shot learning", 2015),),
        fidelity="faithful",
        claims=(Beats("dap", on="unseen_accuracy", setting="attributes"),),
    )

    gamma: float = param(10.0, "penalty on the side of drawings", low=0.01, high=10000.0)
    lam: float = param(10.0, "penalty on the side of meanings", low=0.01, high=10000.0)

    def fit(self, task):
        self.v = bilinear(task.features(task.x), task.y, task.vectors[:task.seen], self.gamma, self.lam)

    def scores(self, x, task):
        return task.features(x) @ self.v @ task.vectors.T
