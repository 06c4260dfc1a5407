"""Constant rate: go on at the rate that the start ended with.

    eta_t = 0.001, a tenth of the start's height

Follows the textbook.

>>> round(0.003 / 3, 4)
0.001
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.kit.method import Card


class ConstantRate(ContinualPretrainingMethod):
    card = Card(title="Constant rate")
    rate_factor = 1 / 3

    def rate(self, task):
        return 1.0
