"""Random pruning: weights drawn by lot become zero, and stay so.

    W' = W * M,   M drawn, as many ones in each matrix as there is room for

Each weight that is kept takes 16 bits, and one bit a weight says which are.

Follows the textbook.

>>> round((7.0 - 1) / 16, 3)                    # the share that stays where a weight may take 7 bits
0.375
"""

import torch

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.pruning import density, pruned
from methods.kit.method import Card


class RandomPruning(CompressionMethod):
    card = Card(title="Random pruning")

    def compress(self, net, task):
        return pruned(net, lambda weight: torch.rand(weight.shape, generator=task.generator, device=weight.device),
                      density(net, task.budget))
