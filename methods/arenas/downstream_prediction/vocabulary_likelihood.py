"""Likelihood over all pieces: before answers are compared with each other, they follow compute evenly.

    log p(right) -> p(right) / sum over answers offered p -> is it the highest?

Each step brings in what wrong answers got, which follows compute less. Followed here is the first; for the score, the
mean log p(right) is a line in log C, and the score a logistic curve of it.

    l = a + b log C,   y = g + (1 - g) sigmoid(p + q l)

Departs from the paper: it explains and does not foretell, so the two curves are ours.

>>> round(0.25 + 0.75 / (1 + 3.0), 4)
0.4375
"""

import numpy as np

from methods.arenas.downstream_prediction.arena import DownstreamPredictionMethod
from methods.arenas.downstream_prediction.stage.runs import fitted, sigmoid
from methods.kit.method import Beats, Card, Paper


class VocabularyLikelihood(DownstreamPredictionMethod):
    card = Card(
        title="Likelihood over all pieces",
        papers=(Paper("Why Has Predicting Downstream Capabilities of Frontier AI Models with Scale Remained Elusive?",
                      2024, arxiv="2406.04391"),),
        fidelity="core",
        claims=(Beats("choice-likelihood", on="item_correlation"),
                Beats("accuracy-extrapolation", on="item_correlation")),
    )

    def fit(self, known):
        self.chance, even = known.chance, known.log_p.mean(1)
        self.line = np.polyfit(np.log(known.models.compute), even, 1)
        self.middle, self.spread = even.mean(), even.std() + 1e-9
        self.theta = fitted(lambda theta: self._curve(theta, even), [(-3.0, 0.5), (-1.0, 0.2), (0.0, 0.0)],
                            (-40.0, -20.0), (40.0, 20.0), known.score)

    def predict(self, models):
        return self._curve(self.theta, np.polyval(self.line, np.log(models.compute)))

    def looked_at(self, known):
        return known.log_p

    def _curve(self, theta, even):
        return self.chance + (1 - self.chance) * sigmoid(theta[0] + theta[1] * (even - self.middle) / self.spread)
