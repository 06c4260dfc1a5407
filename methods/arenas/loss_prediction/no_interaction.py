"""Upcycling without an interaction: both readings lower the loss, each by its own power.

    L(D1, D2) = A D1^-a1 D2^-a2 + E

Follows the textbook.

>>> round(2.0 * 4.0 ** -0.5 * 9.0 ** -0.5 + 1.0, 3)
1.333
"""

import numpy as np

from methods.arenas.loss_prediction.arena import LossPredictionMethod
from methods.arenas.loss_prediction.stage.chinchilla import history
from methods.kit.method import Card


class NoInteraction(LossPredictionMethod):
    card = Card(title="Upcycling without interaction")
    starts = [(level, a1, a2, floor) for level in (0.0, 1.0) for a1, a2 in ((0.1, 0.1), (0.3, 0.3))
              for floor in (0.5, 2.0)]
    low, high = (-5.0, 0.0, 0.0, 0.0), (6.0, 3.0, 3.0, 3.5)

    def law(self, theta, runs):
        log_a, a1, a2, floor = theta
        before, after = history(runs)
        return floor + np.exp(log_a - a1 * before - a2 * after)
