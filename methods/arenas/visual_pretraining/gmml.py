"""GMML: restore pictures of which connected groups of patches were replaced by noise or by another picture's.

Scattered holes are filled from their neighbours; connected ones need to know the thing. Rectangles of patches are
replaced until 50 to 75 % of a picture is by noise, or, for every second picture, 30 % by another picture's; the
network, which is not told where, restores the dots.

    loss = mean over replaced dots of |restored - picture|

Departs from the paper: transformer and optimiser are the arena's; rectangles are whole patches, with sides of one or
two of the four places (in the authors' code any number of dots up to 30 % of a side); one view of a picture, unaltered
but for the replacing; the head has two layers and sees the last block alone. Shares are those of the authors' code.

>>> import torch
>>> x, noise = torch.tensor([[[1.0]], [[2.0]]]), torch.full((2, 1, 1), 7.0)
>>> where, alien = torch.tensor([[True], [True]]), torch.tensor([True, False])
>>> replaced(x, noise, where, alien).flatten().tolist()                          # the first by the second picture's
[2.0, 7.0]
"""

import torch

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.losses import hidden_distance
from methods.arenas.visual_pretraining.stage.masked import replaced, restorer, shares
from methods.arenas.visual_pretraining.stage.masks import rectangles
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Gmml(VisualPretrainingMethod):
    card = Card(
        title="GMML",
        papers=(Paper("GMML is All you Need", 2022, arxiv="2205.14986"),),
        fidelity="faithful",
        claims=(Beats("scratch", on="finetuned"), Beats("scratch", on="finetuned", setting="small-data"),
                Beats("gmml-scattered", on="finetuned", setting="small-data"),
                Beats("simmim", on="finetuned", setting="small-data")),
    )

    rate: float = rate_factor(3.0)
    dropped: float = param(0.75, "largest share of a picture that noise replaces", low=0.2, high=0.9)
    swapped: float = param(0.3, "share of a picture that another one replaces", low=0.1, high=0.9)

    def network(self, task):
        encoder = task.encoder()
        return task.parts(encoder, restore=restorer(encoder))

    def loss(self, net, x, task):
        patches = net.encoder.patches(x)
        share, alien = shares(len(x), self.dropped, self.swapped, task.generator)
        where = rectangles(share, net.encoder.grid, net.encoder.grid // 2, task.generator).to(x.device)
        noise = torch.randn(patches.shape, generator=task.generator).to(x.device)
        corrupted = replaced(patches, noise, where, alien.to(x.device))
        return hidden_distance(net.restore(net.encoder.tokens(corrupted)), patches, where)
