"""Natural shares: sources are read in proportion to how much there is of each.

    p_s = N_s / sum_t N_t

Follows the textbook.

>>> [n / 10 for n in (2, 8)]
[0.2, 0.8]
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.kit.method import Card


class NaturalShares(DataMixingMethod):
    card = Card(title="Natural shares")
