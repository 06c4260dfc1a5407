"""Caption contrast: find the words that came with a picture among those of the batch, and the picture by its words.

As CLIP does, after the same start on drawings that continued DINOv2 has. Words here are a picture's group, noisy; what
they leave out, the kind within the group, is what features may lack.

    z = W f(x),  t = T words;   loss = (CE(cos(z_i, t_j) / tau, i) + CE(cos(t_i, z_j) / tau, i)) / 2

It sees words that most methods here do not see.

Departs from the paper: transformer and optimiser are the arena's; the text tower is one layer on four words, so that
many pictures of a batch have the same words; tau is 0.07 at first and learnt.

>>> import torch
>>> round(both_ways(torch.eye(2), torch.eye(2), torch.tensor(1.0)).item(), 4)                       # log(1 + e^-1)
0.3133
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.continued import generic
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Card, Paper
from methods.kit.params import param


def both_ways(z, t, tau):
    logits = F.normalize(z, dim=1) @ F.normalize(t, dim=1).T / tau
    own = torch.arange(len(z), device=z.device)
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


class Heat(nn.Module):
    """A learnt temperature."""

    def __init__(self):
        super().__init__()
        self.log = nn.Parameter(torch.tensor(math.log(0.07)))

    def forward(self):
        return self.log.exp().clamp(min=0.01)


class CaptionContrast(VisualPretrainingMethod):
    card = Card(
        title="Caption contrast",
        papers=(Paper("Learning Transferable Visual Models From Natural Language Supervision", 2021,
                      arxiv="2103.00020"),),
        fidelity="core",
    )
    sees_tags = True

    rate: float = rate_factor(1.0)
    first: float = param(0.3, "share of the budget spent on drawings", low=0.0, high=0.9)

    def fit(self, task):
        encoder = generic(task, self.rate, self.first).encoder
        net = task.parts(encoder, say=nn.Linear(encoder.width, task.projected), heat=Heat(),
                         read=nn.Linear(task.tags.shape[1], task.projected))

        def step():
            x = task.draw()
            return both_ways(net.say(encoder(x)), net.read(task.tags[task.rows]), net.heat())

        task.train(net, step, rate=self.rate, share=1 - self.first)
        return encoder
