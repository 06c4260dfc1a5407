"""Negation taken apart: a model must know the answer, and must see the "not".

With q how often it is right without the "not" and m how often the "not" turns its answer,

    accuracy = q m + (1 - q) (1 - m),   q = a + b log N,   m = sigmoid(c + d log N)

Departs from the paper: it explains a trend and does not foretell; continuations take the place of questions, N D,
compute, that of N, and models are so small that m hardly rises, so that the paper's U cannot appear. q is cut at 0
and 1.

>>> round(0.9 * 0.2 + 0.1 * 0.8, 2)                      # knows much and hardly sees the "not": below chance
0.26
"""

import numpy as np

from methods.arenas.downstream_prediction.arena import DownstreamPredictionMethod
from methods.arenas.downstream_prediction.stage.runs import fitted, sigmoid
from methods.kit.method import Beats, Card, Paper


class NegationDecomposition(DownstreamPredictionMethod):
    card = Card(
        title="Negation taken apart",
        papers=(Paper("Beyond Positive Scaling: How Negation Impacts Scaling Trends of Language Models", 2023,
                      arxiv="2305.17311"),),
        fidelity="core",
        claims=(Beats("direct-extrapolation", on="prediction_error", setting="negation"),),
        needs_scale=("Accuracy on negated questions falls and then rises with size",),
    )

    def fit(self, known):
        x = np.log(known.models.compute)
        self.knows = np.polyfit(x, known.plain, 1)
        self.sees = fitted(lambda theta: sigmoid(theta[0] + theta[1] * x), [(-2.0, 0.0), (-1.0, 0.3), (-1.0, -0.3)],
                           (-20.0, -5.0), (20.0, 5.0), known.turned)

    def predict(self, models):
        x = np.log(models.compute)
        q, m = np.clip(np.polyval(self.knows, x), 0, 1), sigmoid(self.sees[0] + self.sees[1] * x)
        return q * m + (1 - q) * (1 - m)
