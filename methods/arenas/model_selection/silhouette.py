"""Silhouette: how much nearer items are to their own group than to the nearest other.

    s = mean of (b_i - a_i) / max(a_i, b_i),   a_i the mean distance to its own group's others,
    b_i the least mean distance to another group

Departs from the paper: groups are labels, or made of the bits measured on items where there are no labels, and are not
found by clustering; at most 1,000 items are looked at.

>>> import torch
>>> z = torch.tensor([[0.0], [1.0], [4.0], [5.0]])
>>> round(silhouette_of(z, torch.tensor([0, 0, 1, 1])), 3)                       # mean of 3.5 / 4.5 and 2.5 / 3.5
0.746
"""

import torch
import torch.nn.functional as F

from methods.arenas.model_selection.arena import ModelSelectionMethod
from methods.arenas.model_selection.stage.task import groups
from methods.kit.method import Beats, Card, Paper


class Silhouette(ModelSelectionMethod):
    card = Card(
        title="Silhouette",
        papers=(Paper("Silhouettes: A graphical aid to the interpretation and validation of cluster analysis", 1987),),
        fidelity="core",
        claims=(Beats("random", on="tau"),),
    )

    def score(self, model, task):
        return silhouette_of(model.features[:1000], groups(task)[:1000])


def silhouette_of(z, y):
    y = y.unique(return_inverse=True)[1]
    own = F.one_hot(y).to(z)
    counts = own.sum(0)
    sums = torch.cdist(z, z) @ own                                       # (N, C)
    a = sums.gather(1, y[:, None])[:, 0] / (counts[y] - 1).clamp(min=1)
    b = (sums / counts).masked_fill(own.bool(), torch.inf).min(1).values
    alone = counts[y] == 1
    return torch.where(alone, torch.zeros_like(a), (b - a) / torch.maximum(a, b).clamp(min=1e-12)).mean().item()
