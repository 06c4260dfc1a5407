"""CCA of the halves: the functions of one half that agree best with functions of the other.

Instead of predicting all of the lower half, find pairs of functions, one of each half, whose correlation is highest,
each pair uncorrelated with the ones before. With halves that share only the label, about as many correlations are above
zero as there are classes less one, and the functions of the upper half are all that a head needs.

    max E <psi(x1), eta(x2)>,   Cov(psi) = Cov(eta) = I:  psi_i = C11^(-1/2) u_i, scaled by its correlation,
    U S V' = C11^(-1/2) C12 C22^(-1/2) over a fixed basis of both halves, C11 and C22 with a small ridge

Departs from the paper: features are scaled by their correlations, so that a head is not misled by those that agree by
chance; the paper keeps as many as there are classes.

>>> import torch
>>> class Task:
...     basis = staticmethod(lambda x: x)
>>> x1 = torch.tensor([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
>>> make = CcaHalf(k=1, ridge=1e-6).fit(x1, x1[:, :1], Task)            # the first pixel is shared, the second is not
>>> [round(abs(v), 2) for v in make(x1).flatten().tolist()]
[1.0, 1.0, 1.0, 1.0]
"""

import torch

from methods.arenas.pretext_tasks.arena import PretextMethod
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


def whitener(covariance, ridge):
    """(K, K) symmetric W with W C W = I, eigenvalues below `ridge` times the largest held up."""
    values, vectors = torch.linalg.eigh(covariance)
    return vectors @ torch.diag((values + ridge * values[-1]).rsqrt()) @ vectors.T


class CcaHalf(PretextMethod):
    card = Card(
        title="CCA of the halves",
        papers=(Paper("Predicting What You Already Know Helps: Provable Self-Supervised Learning", 2020,
                      arxiv="2008.01064", covers="the nonlinear CCA variant"),),
        fidelity="core",
        claims=(Beats("raw-half", on="accuracy_50"), Beats("random-features", on="accuracy_50"),
                GainGrows("raw-half", on="accuracy_50", from_="same-picture", to="default")),
    )

    k: int = param(16, "pairs of functions", low=1, high=64)
    ridge: float = param(1e-4, "share of the largest variance that is added to all", low=1e-6, high=1.0)

    def fit(self, x1, x2, task):
        first, second = task.basis(x1), task.basis(x2)
        mean = first.mean(0)
        first, second = first - mean, second - second.mean(0)
        white = whitener(first.T @ first / len(first), self.ridge)
        u, s, _ = torch.linalg.svd(white @ (first.T @ second / len(first))
                                   @ whitener(second.T @ second / len(first), self.ridge))
        directions = white @ u[:, :self.k] * s[:self.k]
        return lambda x: (task.basis(x) - mean) @ directions
