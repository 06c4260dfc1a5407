"""LogME: how likely the labels are under a linear model of the features, over all linear models.

    log p(y | F) = max over alpha, beta of  n/2 log beta + D/2 log alpha - n/2 log 2 pi
                   - beta/2 ||F m - y||^2 - alpha/2 m'm - 1/2 log |A|,   A = alpha I + beta F'F,  m = beta A^-1 F'y
    s = mean over kinds, y one for items of the kind and zero for the others, divided by n

alpha and beta are found by gamma = sum beta s / (alpha + beta s) over the eigenvalues s of F'F,
alpha <- gamma / m'm, beta <- (n - gamma) / ||F m - y||^2, eleven times.

Follows the paper.

>>> import torch
>>> y, far = torch.tensor([0.0, 0.0, 1.0, 1.0]).double(), torch.tensor([[0.0], [0.0], [1.0], [1.0]]).double()
>>> evidence(far, y[:, None]) > evidence(far[[0, 2, 1, 3]], y[:, None])
True
"""

import math

import torch

from methods.arenas.model_selection.arena import ModelSelectionMethod
from methods.arenas.model_selection.stage.task import groups
from methods.kit.method import Beats, Card, Paper


class LogMe(ModelSelectionMethod):
    card = Card(
        title="LogME",
        papers=(Paper("LogME: Practical Assessment of Pre-trained Models for Transfer Learning", 2021,
                      arxiv="2102.11005"),),
        fidelity="faithful",
        claims=(Beats("leep", on="tau"), Beats("leep", on="tau", setting="fine-tuned")),
    )

    def score(self, model, task):
        y = groups(task)
        return evidence(model.features.double(), torch.nn.functional.one_hot(y).double())


def evidence(f, y):
    """The mean over columns of y (N, C) of the log evidence under features f (N, D), by item."""
    n, d = f.shape
    u, s, v = torch.linalg.svd(f, full_matrices=False)
    s, seen = s.square(), (u.T @ y).square()                              # (r,), (r, C)
    rest = (y.square().sum(0) - seen.sum(0)).clamp(min=0)
    alpha, beta = torch.ones_like(rest), torch.ones_like(rest)
    for _ in range(11):
        shrunk = alpha / (alpha + beta * s[:, None])
        gamma = (1 - shrunk).sum(0)
        length = (beta.square() * s[:, None] * seen / (alpha + beta * s[:, None]).square()).sum(0)
        missed = (shrunk.square() * seen).sum(0) + rest
        alpha, beta = gamma / length.clamp(min=1e-10), (n - gamma) / missed.clamp(min=1e-10)
    shrunk = alpha / (alpha + beta * s[:, None])
    length = (beta.square() * s[:, None] * seen / (alpha + beta * s[:, None]).square()).sum(0)
    missed = (shrunk.square() * seen).sum(0) + rest
    volume = (alpha + beta * s[:, None]).log().sum(0) + (d - len(s)) * alpha.log()
    found = n / 2 * beta.log() + d / 2 * alpha.log() - n / 2 * math.log(2 * math.pi) - beta / 2 * missed \
        - alpha / 2 * length - volume / 2
    return (found / n).mean().item()
