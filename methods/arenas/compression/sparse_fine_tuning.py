"""Sparse fine-tuning: what was zero in pretraining stays zero in tuning.

    W * M in both, M the mask of pretraining

A quarter of the weights of the blocks' maps are stored, and which: 41 % in all, whatever the room.

Follows the textbook.

>>> 16 * 0.25 + 1                               # bits a weight
5.0
"""

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.packed import Sparse, replace_maps
from methods.kit.method import Card


class SparseFineTuning(CompressionMethod):
    card = Card(title="Sparse fine-tuning")
    fixed_size = True
    pretraining = 25.0

    def compress(self, net, task):
        net = task.masked()
        replace_maps(net, lambda linear: Sparse(linear, linear.weight.detach() != 0))
        return net
