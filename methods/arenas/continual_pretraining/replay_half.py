"""Half old text: as much of every batch is old as new, the proportions in which the model is asked.

    L = mean over a batch of 1/2 new and 1/2 old windows of -log p(x_i | x_<i)

Follows the textbook.

>>> 16 * 0.5
8.0
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.arenas.continual_pretraining.stage.replaying import mixed
from methods.kit.method import Card


class ReplayHalf(ContinualPretrainingMethod):
    card = Card(title="Half old text")
    rate_factor = 3.0

    def batch(self, task):
        return mixed(task, 0.5)
