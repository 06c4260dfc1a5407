"""Base score: what tuning gives is in proportion to what the model could do without it.

    P_ft = c P_0

P_0 is the share of right continuations, c by least squares. Of asked models P_0 is foretold by a line over log C.

Follows the textbook.

>>> (0.6 * 0.3 + 0.8 * 0.4) / (0.3 ** 2 + 0.4 ** 2)
2.0
"""

import numpy as np

from methods.arenas.downstream_prediction.arena import DownstreamPredictionMethod
from methods.kit.method import Card


class BaseScore(DownstreamPredictionMethod):
    card = Card(title="Base score")

    def fit(self, known):
        self.factor = (known.score @ known.base) / (known.base @ known.base)
        x = np.log(known.models.compute)
        self.base = np.polyfit(x, known.base, 1)

    def predict(self, models):
        return self.factor * np.polyval(self.base, np.log(models.compute))
