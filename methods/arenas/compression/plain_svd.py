"""Plain SVD: each matrix becomes a product of two thin ones, which are tuned.

    W ~ U V,   U V the best product of rank r,   r as large as there is room for

Follows the textbook.

>>> from methods.arenas.compression.stage.packed import thin
>>> thin(48, 192, 6.0)                          # 16 r (48 + 192) <= 6 * 48 * 192 bits
14
"""

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.packed import Factors, low_rank, replace_maps, room, thin
from methods.kit.method import Card


class PlainSvd(CompressionMethod):
    card = Card(title="Plain SVD")

    def compress(self, net, task):
        bits = room(net, task.budget)
        replace_maps(net, lambda linear: Factors(*low_rank(linear.weight, thin(*linear.weight.shape, bits)),
                                                 linear.bias))
        return net
