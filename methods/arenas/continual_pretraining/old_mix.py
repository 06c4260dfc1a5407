"""Old mix: go on with the old text alone, from the old final rate.

    L = mean over old windows of -log p(x_i | x_<i)

Follows the textbook.

>>> from methods.arenas.continual_pretraining.arena import warm_cosine
>>> warm_cosine(0.0, 0.0, 0.01, 100)
1.0
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod, warm_cosine
from methods.kit.method import Card


class OldMix(ContinualPretrainingMethod):
    card = Card(title="Old mix")
    rate_factor = 1 / 3

    def rate(self, task):
        return warm_cosine(task.progress, 0.0, 0.01, task.steps)

    def batch(self, task):
        return task.recall(task.size)
