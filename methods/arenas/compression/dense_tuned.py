"""Nothing is made smaller: the dense model is tuned. An upper bound.

    L = mean -log p(x_i | x_<i),   all weights train

Follows the textbook.

>>> 16 * 195_840                                # bits at 16 a number
3133440
"""

from methods.arenas.compression.arena import CompressionMethod
from methods.kit.method import Card


class DenseTuned(CompressionMethod):
    card = Card(title="Dense model")
    fixed_size = True
