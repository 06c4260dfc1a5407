"""Accuracy extrapolated: a logistic curve of the score over the logarithm of compute.

    y = g + (1 - g) sigmoid(a + b log C),   g = chance

Follows the textbook.

>>> from math import log
>>> round(0.25 + 0.75 / (1 + 1.0), 3)                    # a + b log C = 0: half of the way from chance
0.625
"""

import numpy as np

from methods.arenas.downstream_prediction.arena import DownstreamPredictionMethod
from methods.arenas.downstream_prediction.stage.runs import fitted, sigmoid
from methods.kit.method import Card


class AccuracyExtrapolation(DownstreamPredictionMethod):
    card = Card(title="Accuracy extrapolated")

    def fit(self, known):
        x = np.log(known.models.compute)
        self.chance = known.chance
        self.theta = fitted(lambda theta: self._curve(theta, x), [(-3.0, 0.5), (-1.0, 0.2), (0.0, 0.0)],
                            (-40.0, -10.0), (40.0, 10.0), known.score)

    def predict(self, models):
        return self._curve(self.theta, np.log(models.compute))

    def _curve(self, theta, x):
        return self.chance + (1 - self.chance) * sigmoid(theta[0] + theta[1] * x)
