"""Known passages only: what is known of the target is read again and again, and nothing else.

In `scarce` it is the 60 passages of the source.

Follows the textbook.

>>> 100 * 16 / 64                         # times each passage is read
25.0
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.kit.method import Card


class TargetOnly(DataMixingMethod):
    card = Card(title="Known passages only")

    def batch(self, windows, weights, task, order):
        return task.draw(-1 if task.scarce is None else task.scarce, task.size)
