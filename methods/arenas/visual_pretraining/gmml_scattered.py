"""GMML, scattered: the same with as many patches replaced, but scattered ones.

For the question whether it matters that what is replaced hangs together.

    loss = mean over replaced dots of |restored - picture|

>>> import torch
>>> anywhere(torch.tensor([0.5, 0.25]), 4, None).sum(1).tolist()
[2, 1]
"""

import torch

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.losses import hidden_distance
from methods.arenas.visual_pretraining.stage.masked import replaced, restorer, shares
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Card
from methods.kit.params import param


def anywhere(share, places, generator):
    """(N, places), True for `share` (N,) of the places of each, rounded up as rectangles overshoot."""
    keys = torch.rand(len(share), places, generator=generator)
    return keys.argsort(1).argsort(1) < (share * places).ceil()[:, None]


class GmmlScattered(VisualPretrainingMethod):
    card = Card(title="GMML with scattered patches")

    rate: float = rate_factor(3.0)
    dropped: float = param(0.75, "largest share of a picture that noise replaces", low=0.2, high=0.9)
    swapped: float = param(0.3, "share of a picture that another one replaces", low=0.1, high=0.9)

    def network(self, task):
        encoder = task.encoder()
        return task.parts(encoder, restore=restorer(encoder))

    def loss(self, net, x, task):
        patches = net.encoder.patches(x)
        share, alien = shares(len(x), self.dropped, self.swapped, task.generator)
        where = anywhere(share, net.encoder.places, task.generator).to(x.device)
        noise = torch.randn(patches.shape, generator=task.generator).to(x.device)
        corrupted = replaced(patches, noise, where, alien.to(x.device))
        return hidden_distance(net.restore(net.encoder.tokens(corrupted)), patches, where)
