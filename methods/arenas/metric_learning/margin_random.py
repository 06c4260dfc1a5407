"""Margin loss on random negatives: a learnt border between near and far, whichever others are drawn.

    loss = mean over what is not far enough of (0.2 + d_ap - beta)+ and (0.2 + beta - d_an)+,   beta learnt from 1.2

Departs from the paper: one border for all kinds; negatives are drawn evenly, the paper's own rival.

>>> import torch
>>> from methods.arenas.metric_learning.stage.losses import margin_loss
>>> d = torch.tensor([[0.0, 1.3, 1.1]])
>>> one = torch.tensor([0])
>>> round(margin_loss(d, one, one + 1, one + 2, torch.tensor(1.2), 0.2).item(), 4)              # (.3 + .3) / 2
0.3
"""

import torch
from torch import nn

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import distances, margin_loss, positives, same_and_other
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Card, Paper


class MarginRandom(MetricMethod):
    card = Card(
        title="Margin loss, random negatives",
        papers=(Paper("Sampling Matters in Deep Embedding Learning", 2017, arxiv="1706.07567",
                      covers="the margin loss, with negatives drawn evenly"),),
        fidelity="core",
    )

    rate: float = rate_factor(3.0)

    def head(self, task):
        head = nn.Module()
        head.beta = nn.Parameter(torch.tensor(1.2))
        return head

    def loss(self, z, y, task):
        d = distances(z)
        anchor, positive = positives(y)
        other = same_and_other(y)[1][anchor].float()
        negative = torch.multinomial(other.cpu(), 1, generator=task.generator)[:, 0].to(z.device)
        return margin_loss(d, anchor, positive, negative, self.trained_head.beta, 0.2)
