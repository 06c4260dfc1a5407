"""Semi-hard triplets: push the nearest drawing of another kind that is farther away than one of the own.

The hardest negatives make training collapse, so for each pair of a kind the nearest one beyond it is taken; where all
are nearer, the farthest.

    loss = mean over anchors and positives of (d_ap^2 - d_an^2 + 0.2)+,   d on the sphere

Departs from the paper: drawings and network are the arena's; a batch has four drawings of a kind, not about forty, and
no negatives drawn besides; a mean stands for the paper's sum; the paper does not say what to take where all are nearer.

>>> import torch
>>> d = torch.tensor([[0.0, 0.5, 0.4, 0.7, 0.9]])
>>> semi_hard(d, torch.tensor([0]), torch.tensor([1]), torch.tensor([[False, False, True, True, True]])).tolist()
[3]
"""

import torch

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import distances, positives, same_and_other
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Card, Paper
from methods.kit.params import param


def semi_hard(d, anchor, positive, other):
    """The negative (P,) of each pair by distances (B, N): the nearest beyond the positive, else the farthest."""
    d = d.detach()
    rows, beyond = d[anchor], d[anchor] > d[anchor, positive][:, None]
    wanted = other[anchor]
    nearest = torch.where(wanted & beyond, rows, torch.inf)
    farthest = torch.where(wanted, rows, -torch.inf)
    return torch.where((wanted & beyond).any(1), nearest.argmin(1), farthest.argmax(1))


class TripletSemiHard(MetricMethod):
    card = Card(
        title="Semi-hard triplets",
        papers=(Paper("FaceNet: A Unified Embedding for Face Recognition and Clustering", 2015, arxiv="1503.03832"),),
        fidelity="faithful",
    )

    rate: float = rate_factor(3.0)
    margin: float = param(0.2, "by how much squared distances shall differ", low=0.01, high=1.0)

    def loss(self, z, y, task):
        d = distances(z)
        anchor, positive = positives(y)
        negative = semi_hard(d, anchor, positive, same_and_other(y)[1])
        return (d[anchor, positive].square() - d[anchor, negative].square() + self.margin).clamp(min=0).mean()
