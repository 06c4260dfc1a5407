"""Rounding to the nearest: each weight goes to the nearest value of an even grid.

    W' = round((W - low) / step) step + low,   step = (high - low) / (2^b - 1), by groups of a row

As many bits as there is room for, then as small groups. Scale and offset of a group take 16 bits each. Rounded weights
stay; in tuning all else trains.

Follows the textbook.

>>> import torch
>>> from methods.arenas.compression.stage.packed import rounded
>>> rounded(torch.tensor([[0.0, 0.4, 0.6, 1.0]]), 1, 4)[0].tolist()
[[0.0, 0.0, 1.0, 1.0]]
"""

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.coding import grid
from methods.arenas.compression.stage.packed import Coded, replace_maps, room, rounded
from methods.kit.method import Card


class RoundToNearest(CompressionMethod):
    card = Card(title="Rounding to nearest")

    def compress(self, net, task):
        bits, group = grid(room(net, task.budget))
        replace_maps(net, lambda linear: Coded(linear, *rounded(linear.weight, bits, group)))
        return net
