"""Log law: a score after tuning grows as a power of the logarithm of what was read before.

    y = log(A D_p^alpha)^beta = (log A + alpha log D_p)^beta

Departs from the paper: naming the source of a passage takes the place of translation, shares of right answers that of
BLEU, and models of several sizes share a curve, since the asked ones are larger; the known largest counts as any other.
The fit is by least squares, there by Huber loss.

>>> round((-1.0 + 0.25 * 5.0) ** 0.5, 2)
0.5
"""

import numpy as np

from methods.arenas.downstream_prediction.arena import DownstreamPredictionMethod
from methods.arenas.downstream_prediction.stage.runs import fitted
from methods.kit.method import Beats, Card, Paper


class LogLaw(DownstreamPredictionMethod):
    card = Card(
        title="Log law of a tuned score",
        papers=(Paper("Scaling Laws for Downstream Task Performance of Large Language Models", 2024,
                      arxiv="2402.04177"),),
        fidelity="core",
        claims=(Beats("power-law-of-score", on="prediction_error", setting="fine-tuned"),),
    )

    def fit(self, known):
        x = np.log(known.models.units / 1e4)
        self.theta = fitted(lambda theta: self._curve(theta, x), [(0.1, 0.1, 0.5), (0.3, 0.1, 1.0), (0.5, 0.02, 0.3)],
                            (0.001, 0.0, 0.02), (5.0, 5.0, 8.0), known.score)

    def predict(self, models):
        return self._curve(self.theta, np.log(models.units / 1e4))

    @staticmethod
    def _curve(theta, x):
        return np.maximum(theta[0] + theta[1] * x, 1e-6) ** theta[2]
