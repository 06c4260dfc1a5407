"""Power of compute: loss depends on how much computing a run took, however it was spent.

    L = E + A C^-a,   C = 6 weights units

Follows the textbook.

>>> round(2.0 + 1.0 * 100.0 ** -0.5, 2)                  # E = 2, A = 1, a = 1/2
2.1
"""

import numpy as np

from methods.arenas.loss_prediction.arena import LossPredictionMethod
from methods.kit.method import Card


class PowerOfCompute(LossPredictionMethod):
    card = Card(title="Power of compute")
    starts = [(np.log(level), rate, floor) for level in (0.5, 2.0) for rate in (0.1, 0.4) for floor in (0.5, 2.0)]
    low, high = (-10.0, 0.0, 0.0), (5.0, 3.0, 3.5)

    def law(self, theta, runs):
        log_a, a, floor = theta
        return floor + np.exp(log_a - a * np.log(runs.compute / 1e10))
