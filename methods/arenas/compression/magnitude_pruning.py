"""Magnitude pruning: the weights nearest to zero become zero before tuning, and stay so.

    W' = W * 1[|W| in the top v of its matrix]

Each weight that is kept takes 16 bits, and one bit a weight says which are.

Follows the textbook.

>>> import torch
>>> from methods.arenas.compression.stage.pruning import top
>>> top(torch.tensor([[-3.0, 1.0, 2.0, 0.5]]).abs(), 0.5).tolist()
[[1.0, 0.0, 1.0, 0.0]]
"""

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.pruning import density, pruned
from methods.kit.method import Card


class MagnitudePruning(CompressionMethod):
    card = Card(title="Magnitude pruning")

    def compress(self, net, task):
        return pruned(net, lambda weight: weight.abs(), density(net, task.budget))
