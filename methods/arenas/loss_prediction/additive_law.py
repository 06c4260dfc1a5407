"""Upcycling as a sum: each reading removes a part of the loss of its own.

    L(D1, D2) = A / D1^a1 + B / D2^a2 + E

Follows the textbook.

>>> round(2.0 * 4.0 ** -0.5 + 3.0 * 9.0 ** -0.5 + 1.0, 3)
3.0
"""

import numpy as np

from methods.arenas.loss_prediction.arena import LossPredictionMethod
from methods.arenas.loss_prediction.stage.chinchilla import history
from methods.kit.method import Card


class AdditiveLaw(LossPredictionMethod):
    card = Card(title="Upcycling as a sum")
    starts = [(level, other, a1, a2, floor) for level in (-1.0, 0.5) for other in (-1.0, 0.5)
              for a1, a2 in ((0.1, 0.1), (0.3, 0.3)) for floor in (0.5, 2.0)]
    low, high = (-10.0, -10.0, 0.0, 0.0, 0.0), (6.0, 6.0, 3.0, 3.0, 3.5)

    def law(self, theta, runs):
        log_a, log_b, a1, a2, floor = theta
        before, after = history(runs)
        return floor + np.exp(log_a - a1 * before) + np.exp(log_b - a2 * after)
