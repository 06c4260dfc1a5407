"""Downstream refinement: use some labels to take out of a half what the other shares with it beside the label.

A pretext task is as good as the halves are independent given the label. With labelled pairs that dependence can be
measured, as the covariance of the halves within classes, and the directions of the upper half that carry most of it can
be projected out before the other half is predicted. With too few labelled pairs the directions found are chance, and
what is taken out may be what the label needs.

    C = sum_c p_c Cov(x1, x2 | y = c) = U S V',   f(x1) = x1 - U_r U_r' x1,   then psi = argmin E ||x2 - psi(f(x1))||^2

Departs from the paper: f is linear, the projection that lowers the norm of C most, where the paper lets f be any
function of a class and analyses that class's size. With 20 labelled pairs C has fewer directions than are taken out,
and the rest are any. The basis keeps its width. The labels that refine are more than the head has, and the method
without refinement has none of them: what is compared is the lead with few and with many.

>>> import torch
>>> x1 = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [1.0, 1.0], [-1.0, 1.0]])
>>> x2 = x1[:, :1]                                                            # the first pixel ties the halves
>>> shared_directions(x1, x2, torch.tensor([0, 0, 1, 1]), 1).abs().tolist()
[[1.0], [0.0]]
"""

import torch

from methods.arenas.pretext_tasks.arena import PretextMethod
from methods.arenas.pretext_tasks.stage.task import ridge_map
from methods.kit.method import Card, GainGrows, Paper
from methods.kit.params import param


def shared_directions(x1, x2, y, r):
    """(D, r) directions of x1 (N, D) along which it varies with x2 (N, E) most within the classes y (N,)."""
    a, b = x1.clone(), x2.clone()
    for c in y.unique():
        a[y == c] -= a[y == c].mean(0)
        b[y == c] -= b[y == c].mean(0)
    return torch.linalg.svd(a.T @ b / len(y)).U[:, :r]


class DownstreamRefinement(PretextMethod):
    card = Card(
        title="Downstream refinement",
        papers=(Paper("Can Pretext-Based Self-Supervised Learning Be Boosted by Downstream Data? A Theoretical "
                      "Analysis", 2021, arxiv="2103.03568"),),
        fidelity="core",
        claims=(GainGrows("reconstruct-the-other-half", on="accuracy_50", from_="few-refinement",
                          to="many-refinement"),),
    )

    r: int = param(36, "directions of the upper half that are taken out", low=1, high=96)
    ridge: float = param(1e-2, "held small, for each pair", low=1e-6, high=1.0)

    def fit(self, x1, x2, task):
        out = shared_directions(task.refine_x1, task.refine_x2, task.refine_y, self.r)

        def refined(x):
            return task.basis(x - x @ out @ out.T)

        weights, offset = ridge_map(refined(x1), x2, self.ridge)
        return lambda x: refined(x) @ weights + offset
