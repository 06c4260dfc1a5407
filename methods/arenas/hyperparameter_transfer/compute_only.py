"""Compute only: the best rate as a power of how much computing a run takes, however it is spent.

    rate = c C^a,   C = 6 N D

fitted, as logarithms, to the best rates of all small widths at all moments.

Follows the textbook.

>>> round(0.02 * 16.0 ** -0.25, 3)
0.01
"""

import numpy as np

from methods.arenas.hyperparameter_transfer.arena import HyperparameterTransferMethod
from methods.arenas.hyperparameter_transfer.stage.sweeps import every_best, log_linear
from methods.kit.method import Card


class ComputeOnly(HyperparameterTransferMethod):
    card = Card(title="Compute only")

    def plan(self, known):
        n, d, best = every_best(known)
        level, power = log_linear([n * d], best)
        return float(np.exp(level + power * np.log(known.wide * known.read)))
