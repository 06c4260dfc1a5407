"""From scratch: a model that has read nothing reads the new text.

    L = mean -log p(x_i | x_<i),   theta drawn anew

Follows the textbook.

>>> import math
>>> round(math.log2(512) / 1.77, 2)               # an even guess among 512 pieces of 1.77 bytes
5.08
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.kit.method import Card


class FromScratch(ContinualPretrainingMethod):
    card = Card(title="From scratch")
    rate_factor = 3.0

    def prepare(self, net, task):
        return net if task.stage else task.blank()
