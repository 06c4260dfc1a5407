"""Even sources: all are read alike, however much there is of each.

    p_s = 1 / S

Follows the textbook.

>>> 1 / 8
0.125
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.kit.method import Card


class UniformSources(DataMixingMethod):
    card = Card(title="Even sources")

    def mixture(self, task):
        return task.even
