"""Mean score: larger models score what the known ones score on average.

    y = mean of the known scores

Follows the textbook.

>>> (0.25 + 0.5) / 2
0.375
"""

import numpy as np

from methods.arenas.downstream_prediction.arena import DownstreamPredictionMethod
from methods.kit.method import Card


class MeanScore(DownstreamPredictionMethod):
    card = Card(title="Mean score")

    def fit(self, known):
        self.mean = known.score.mean()

    def predict(self, models):
        return np.full(len(models), self.mean)
