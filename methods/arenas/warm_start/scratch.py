"""From scratch: the target begins with weights drawn anew.

    L = mean -log p(x_i | x_<i),   all weights train

Follows the textbook.

>>> import math
>>> round(math.log2(512) / 1.77, 2)               # an even guess among 512 pieces of 1.77 bytes
5.08
"""

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.kit.method import Card


class Scratch(WarmStartMethod):
    card = Card(title="From scratch")

    def initialise(self, target, task):
        pass
