"""RanPAC: expand frozen features at random, then solve for the classifier from running sums.

A fixed random matrix and a ReLU lift the frozen features into many more dimensions, where classes are easier to
tell apart by a linear map. The sums that ridge regression needs, the Gram matrix and the per-class sums, only
grow, so the solution after each session is the one for all data so far. The ridge is chosen on a fifth of the
session's pictures.

    h = ReLU(W^T f),   G = sum h h^T,   C = sum h y^T,   scores = h^T (G + lam I)^-1 C

Departs from the paper: the network is not adapted to the first session before; 500 random features instead of 10,000;
seven ridges are tried instead of seventeen, on top of the sums of earlier sessions, where the authors' code fits them
on the session alone.

>>> import torch
>>> h, y = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.eye(2)
>>> ridge(h.T @ h, h.T @ y, 1.0).tolist()                                   # diag(1 / (1 + 1), 2 / (4 + 1))
[[0.5, 0.0], [0.0, 0.4000000059604645]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import in_parts
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def ridge(gram, sums, lam):
    """(M, C) weights of the ridge regression with Gram matrix (M, M) and sums (M, C)."""
    return torch.linalg.solve(gram + lam * torch.eye(len(gram), device=gram.device), sums)


class Ranpac(ClassIncrementalMethod):
    card = Card(
        title="RanPAC",
        papers=(Paper("RanPAC: Random Projections and Pre-trained Models for Continual Learning", 2023,
                      arxiv="2307.02251"),),
        fidelity="core",
        claims=(Beats("nearest-class-mean", on="average_accuracy"), Beats("l2p", on="average_accuracy")),
    )

    m: int = param(500, "random features", low=16, high=1000)

    def begin_session(self, net, session):
        if session.number == 0:
            new = session.names.new_zeros
            self.projection = torch.randn(net.width, self.m).to(session.names.device)
            self.gram, self.sums = new(self.m, self.m), new(self.m, session.total)

    def loss(self, net, session):
        return None

    def end_session(self, net, session):
        h = self._lift(net, session.x)
        target = F.one_hot(session.y, session.total).float()
        fit, held = slice(len(h) // 5, None), slice(0, max(len(h) // 5, 1))
        gram, sums = self.gram + h[fit].T @ h[fit], self.sums + h[fit].T @ target[fit]
        lams = [10.0**power for power in range(-1, 6)]
        errors = [(h[held] @ ridge(gram, sums, lam) - target[held]).square().mean().item() for lam in lams]
        self.gram, self.sums = self.gram + h.T @ h, self.sums + h.T @ target
        self.weights = ridge(self.gram, self.sums, lams[errors.index(min(errors))])

    def scores(self, net, x):
        if not hasattr(self, "weights"):
            return x.new_zeros(len(x), net.head.out_features)
        return self._lift(net, x) @ self.weights

    def _lift(self, net, x):
        return F.relu(in_parts(net.features, x) @ self.projection)
