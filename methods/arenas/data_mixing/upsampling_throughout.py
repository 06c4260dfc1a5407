"""More of what is like the target, all the time: half of what is read is of the source most like the target.

    p = (1 - a) natural + a e_s,   s = argmax_s cos(sqrt counts_s, sqrt counts_target)

Follows the textbook.

>>> [0.5 * n + 0.5 * e for n, e in ((0.25, 1), (0.75, 0))]
[0.625, 0.375]
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.kit.method import Card
from methods.kit.params import param


class UpsamplingThroughout(DataMixingMethod):
    card = Card(title="Up-sampling throughout")

    a: float = param(0.5, "for the source most like the target", low=0.1, high=1.0)

    def prepare(self, task):
        self.weights = task.like_target(self.a)

    def mixture(self, task):
        return self.weights
