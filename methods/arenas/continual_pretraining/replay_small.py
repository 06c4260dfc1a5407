"""A little replay: one window of every batch is old text.

    L = mean over a batch of 15/16 new and 1/16 old windows of -log p(x_i | x_<i)

Follows the textbook.

>>> 16 * 0.0625
1.0
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.arenas.continual_pretraining.stage.replaying import mixed
from methods.kit.method import Card


class ReplaySmall(ContinualPretrainingMethod):
    card = Card(title="A little replay")

    def batch(self, task):
        return mixed(task, 0.0625)
