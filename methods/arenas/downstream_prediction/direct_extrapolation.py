"""Direct extrapolation: the score as a straight line over the logarithm of size and of reading.

    y = a + b log N + c log D

Follows the textbook.

>>> 0.25 + 0.125 * 2
0.5
"""

import numpy as np

from methods.arenas.downstream_prediction.arena import DownstreamPredictionMethod
from methods.kit.method import Card


class DirectExtrapolation(DownstreamPredictionMethod):
    card = Card(title="Direct extrapolation")

    def fit(self, known):
        self.line = np.linalg.lstsq(self._x(known.models), known.score, rcond=None)[0]

    def predict(self, models):
        return self._x(models) @ self.line

    @staticmethod
    def _x(models):
        return np.column_stack([np.ones(len(models)), np.log(models.weights), np.log(models.units)])
