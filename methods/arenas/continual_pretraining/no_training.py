"""No training: what the start knows of the new text.

    theta = theta_0

Follows the textbook.

>>> round(1 / 3, 2)                                # an even guess among eight pieces of three bytes: one bit per byte
0.33
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.kit.method import Card


class NoTraining(ContinualPretrainingMethod):
    card = Card(title="No training")

    def prepare(self, net, task):
        return net.requires_grad_(False)
