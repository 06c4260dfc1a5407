"""Likelihood among the answers offered: the middle of the way from likelihoods to right and wrong.

    s = p(right) / sum over answers offered p,   mean s = a + b log C,   y = g + (1 - g) sigmoid(p + q mean s)

Follows the textbook.

>>> round(0.02 / (0.02 + 0.01 + 0.01), 2)
0.5
"""

import numpy as np

from methods.arenas.downstream_prediction.arena import DownstreamPredictionMethod
from methods.arenas.downstream_prediction.stage.runs import fitted, sigmoid
from methods.kit.method import Card


class ChoiceLikelihood(DownstreamPredictionMethod):
    card = Card(title="Likelihood among the answers")

    def fit(self, known):
        self.chance, even = known.chance, known.shares.mean(1)
        self.line = np.polyfit(np.log(known.models.compute), even, 1)
        self.theta = fitted(lambda theta: self._curve(theta, even), [(-3.0, 5.0), (-1.0, 1.0), (0.0, 0.0)],
                            (-60.0, -60.0), (60.0, 60.0), known.score)

    def predict(self, models):
        return self._curve(self.theta, np.polyval(self.line, np.log(models.compute)))

    def looked_at(self, known):
        return known.shares

    def _curve(self, theta, even):
        return self.chance + (1 - self.chance) * sigmoid(theta[0] + theta[1] * even)
