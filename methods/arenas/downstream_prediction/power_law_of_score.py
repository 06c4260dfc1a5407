"""Power law of the score: what is missing from one falls as a power of what was read.

    1 - y = A D^-a

Follows the textbook.

>>> 1 - 1.0 * 4.0 ** -0.5
0.5
"""

import numpy as np

from methods.arenas.downstream_prediction.arena import DownstreamPredictionMethod
from methods.kit.method import Card


class PowerLawOfScore(DownstreamPredictionMethod):
    card = Card(title="Power law of the score")

    def fit(self, known):
        x = np.column_stack([np.ones(len(known.models)), np.log(known.models.units)])
        self.line = np.linalg.lstsq(x, np.log(np.maximum(1 - known.score, 1e-3)), rcond=None)[0]

    def predict(self, models):
        return 1 - np.exp(self.line[0] + self.line[1] * np.log(models.units))
