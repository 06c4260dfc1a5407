"""Two masks: Point-MAE with two masks of each cloud and a decoder for each.

What Point-CMAE is without agreement between the two: equal masks, decoders and passes.

    loss = Chamfer of the first mask's hidden groups + that of the second's

Follows the textbook.

>>> import torch
>>> from methods.arenas.point_pretraining.stage.clouds import chamfer
>>> chamfer(torch.tensor([[0.0, 0.0]]), torch.tensor([[2.0, 0.0]])).item()                                     # 4 + 4
8.0
"""

from methods.arenas.point_pretraining.arena import PointPretrainingMethod
from methods.arenas.point_pretraining.stage.task import guessed, rate_factor
from methods.kit.method import Card
from methods.kit.params import param


class TwoMasks(PointPretrainingMethod):
    card = Card(title="Two masks, no agreement")

    rate: float = rate_factor(1.0)
    ratio: float = param(0.6, "share of the groups hidden", low=0.2, high=0.8)

    def network(self, task):
        return task.parts(task.encoder(), one=task.decoder(), two=task.decoder())

    def loss(self, net, clouds, task):
        return sum(guessed(net.encoder, decoder, clouds, task.mask(len(clouds), self.ratio))[0]
                   for decoder in (net.one, net.two))
