"""Over-training: the same power of compute at every number of pieces a weight.

With C the compute of a run and M = D / N how many pieces it read a weight,

    L(C, M) = E + (a M^eta + b M^-eta) C^-eta

so that reading more than is best raises the curve and leaves its slope; it is Chinchilla's law with one exponent,
alpha = beta = 2 eta.

Departs from the paper: models of some 10,000 weights, and one training stands for runs of several lengths. The floor
lies between 0 and 3.5 bits, since two decades cannot tell it.

>>> n, d, eta = 4.0, 9.0, 0.25                           # a M^eta C^-eta = a 6^-eta N^(-2 eta)
>>> abs((d / n) ** eta * (6 * n * d) ** -eta - 6 ** -eta * n ** (-2 * eta)) < 1e-12
True
"""

import numpy as np

from methods.arenas.loss_prediction.arena import LossPredictionMethod
from methods.kit.method import Beats, Card, Matches, Paper


class OvertrainingLaw(LossPredictionMethod):
    card = Card(
        title="Over-training law",
        papers=(Paper("Language models scale reliably with over-training and on downstream tasks", 2024,
                      arxiv="2403.08540"),),
        fidelity="faithful",
        claims=(Beats("last-value", on="prediction_error", setting="over-trained", by=0.5),
                Matches("chinchilla-law", on="prediction_error", within=0.2, setting="over-trained")),
    )
    starts = [(level, other, eta, floor) for level in (-1.0, 0.5) for other in (-1.0, 0.5) for eta in (0.1, 0.4)
              for floor in (0.5, 2.0)]
    low, high = (-15.0, -15.0, 0.01, 0.0), (8.0, 8.0, 2.0, 3.5)

    def law(self, theta, runs):
        log_a, log_b, eta, floor = theta
        multiplier = eta * np.log(runs.units / runs.weights)
        return floor + np.exp(-eta * np.log(runs.compute / 1e10)) * (np.exp(log_a + multiplier)
                                                                    + np.exp(log_b - multiplier))
