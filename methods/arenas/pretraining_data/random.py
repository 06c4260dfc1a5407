"""Random: a part of the pool as it comes.

    S = keep rows, all sets alike likely

Follows the textbook.

>>> round(0.25 * 2560)
640
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.kit.method import Card


class Random(PretrainingDataMethod):
    card = Card(title="Random passages")
