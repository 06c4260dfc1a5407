"""The scarce source throughout: a quarter of what is read is of the scarce source, all the time.

    p_scarce = 1/4,   others in natural proportion

As much of it is read in all as when half of the second half is of it.

Follows the textbook.

>>> 0.25 * 100 == 0.5 * 50
True
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.kit.method import Card


class ScarceThroughout(DataMixingMethod):
    card = Card(title="Scarce source throughout")

    def mixture(self, task):
        scarce = int(task.likeness().argmax()) if task.scarce is None else task.scarce
        weights = task.shares.clone()
        weights[scarce] = 0
        weights = 0.75 * weights / weights.sum()
        weights[scarce] = 0.25
        return weights
