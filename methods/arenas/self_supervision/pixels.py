"""Pixels: the picture itself as its features.

What a probe can do without any network: the lower end of this arena.

    f(x) = x

>>> import torch
>>> encoder()(torch.zeros(2, 1, 3, 3)).shape
torch.Size([2, 9])
"""

from torch import nn

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.kit.method import Card


def encoder():
    return nn.Flatten()


class Pixels(SelfSupervisionMethod):
    card = Card(title="Pixels (lower bound)")

    def fit(self, task):
        return encoder()
