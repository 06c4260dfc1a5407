"""Linguistic collapse: how near the features of a kind are to one point, and those points to the head's rows.

    NC1: -log of the mean over pairs of (var_c + var_d) / (2 ||mu_c - mu_d||^2)
    NC2: -spread over pairs of log of the inverse distance of (mu_c - mu) at length one
    NC3: mean over kinds of cos(mu_c - mu, w_c)
    NC4: how often the likeliest kind is that of the nearest mean

A language model's kinds are the pieces that come next. The paper finds that these grow with size and training, and go
with a lower loss.

Departs from the paper: kinds of fewer than four items are left out; means are of a few thousand items. Where the head's
rows are not the labels', NC1 is taken in place of NC3 and NC4.

>>> import torch
>>> z, y = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]), torch.tensor([0, 0, 1, 1])
>>> round(variability(*moments(z, y)).item(), 4)                       # (1 + 1) / (2 * 4)
0.25
"""

import torch
import torch.nn.functional as F

from methods.arenas.model_selection.arena import ModelSelectionMethod
from methods.arenas.model_selection.stage.task import groups
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

LEAST = 4


class LinguisticCollapse(ModelSelectionMethod):
    card = Card(
        title="Linguistic collapse",
        papers=(Paper("Linguistic Collapse: Neural Collapse in (Large) Language Models", 2024, arxiv="2405.17767"),),
        fidelity="core",
        claims=(Beats("random", on="tau", setting="language"),),
    )

    which: str = param("nc3", "which of the four properties is the score", choices=("nc1", "nc2", "nc3", "nc4"))

    def score(self, model, task):
        y = groups(task)
        kept = (torch.bincount(y) >= LEAST)[y]
        if kept.sum() < 2 * LEAST:
            return 0.0
        kinds, y = y[kept].unique(return_inverse=True)
        z = model.features[kept].double()
        means, variances = moments(z, y)
        away = F.normalize(means - z.mean(0), dim=1)
        if self.which == "nc2":
            near = -torch.pdist(away).clamp(min=1e-6).log()
            return -near.std().item()
        if self.which == "nc1" or len(model.rows) != task.kinds:
            return -variability(means, variances).log().item()
        if self.which == "nc3":
            return (away * F.normalize(model.rows[kinds].double(), dim=1)).sum(1).mean().item()
        return (kinds[torch.cdist(z, means).argmin(1)] == model.guess[kept]).double().mean().item()


def moments(z, y):
    """Of each kind, the mean (C, D) and the mean squared distance (C,) from it."""
    own = F.one_hot(y).to(z)
    means = own.T @ z / own.sum(0)[:, None]
    return means, own.T @ (z - means[y]).square().sum(1) / own.sum(0)


def variability(means, variances):
    apart = torch.pdist(means).square().clamp(min=1e-9)
    first, second = torch.triu_indices(len(means), len(means), 1, device=means.device)
    return ((variances[first] + variances[second]) / (2 * apart)).mean()
