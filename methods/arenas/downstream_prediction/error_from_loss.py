"""Error from loss: what is answered wrong falls exponentially as the loss falls.

With C the compute of a run and M = D / N how many pieces it read a weight,

    L(C, M) = E + (a M^eta + b M^-eta) C^-eta,   error = eps - k exp(-gamma L)

Departs from the paper: one task takes the place of the mean over many; models of some 10,000 weights, and one training
stands for runs of several lengths. E lies between 0 and 3.5 bits, eps below 1.

>>> from math import exp
>>> round(0.75 - 2.0 * exp(-1.0 * 2.0), 3)
0.479
"""

import numpy as np

from methods.arenas.downstream_prediction.arena import DownstreamPredictionMethod
from methods.arenas.downstream_prediction.stage.runs import fitted
from methods.kit.method import Beats, Card, Paper


class ErrorFromLoss(DownstreamPredictionMethod):
    card = Card(
        title="Error from loss",
        papers=(Paper("Language models scale reliably with over-training and on downstream tasks", 2024,
                      arxiv="2403.08540", covers="the law of downstream error"),),
        fidelity="core",
        claims=(Beats("error-from-compute", on="prediction_error"),),
    )

    def fit(self, known):
        self.loss = fitted(lambda theta: self._loss(theta, known.models),
                           [(floor, level, level, eta) for floor in (0.5, 2.0) for level in (-1.0, 0.5)
                            for eta in (0.1, 0.4)], (0.0, -15.0, -15.0, 0.01), (3.5, 8.0, 8.0, 2.0), known.loss)
        self.error = fitted(lambda theta: self._error(theta, known.loss),
                            [(1 - known.chance, 0.0, 1.0), (0.8, 3.0, 2.0)], (0.0, -15.0, 0.01), (1.0, 15.0, 10.0),
                            1 - known.score)

    def predict(self, models):
        return 1 - self._error(self.error, self._loss(self.loss, models))

    @staticmethod
    def _loss(theta, models):
        floor, log_a, log_b, eta = theta
        multiplier = eta * np.log(models.units / models.weights)
        return floor + models.compute ** -eta * (np.exp(log_a + multiplier) + np.exp(log_b - multiplier))

    @staticmethod
    def _error(theta, loss):
        return theta[0] - np.exp(theta[1] - theta[2] * loss)
