"""Last value: larger models score what the dearest known one scored.

    y = y(known model with the most compute)

Follows the textbook.

>>> max([(1.0, 0.30), (4.0, 0.35)])[1]
0.35
"""

import numpy as np

from methods.arenas.downstream_prediction.arena import DownstreamPredictionMethod
from methods.kit.method import Card


class LastValue(DownstreamPredictionMethod):
    card = Card(title="Last value")

    def fit(self, known):
        self.last = known.score[known.models.compute.argmax()]

    def predict(self, models):
        return np.full(len(models), self.last)
