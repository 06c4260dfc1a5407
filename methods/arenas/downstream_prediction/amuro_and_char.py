"""Amuro & Char: every checkpoint is tuned, and what tuning reaches is followed over pretraining.

    P_ft = a + b log t + c log N

where P_0, what the checkpoint can do untuned, may stay flat: the gain P_ft - P_0 is its own curve.

Departs from the paper: the paper studies and does not foretell, so the straight line is ours; tuning is a classifier
on the states with 400 labels; t is pieces read, and models of several sizes share b.

>>> round(0.5 + 0.05 * 2.0, 2)
0.6
"""

import numpy as np

from methods.arenas.downstream_prediction.arena import DownstreamPredictionMethod
from methods.kit.method import Beats, Card, Paper


class AmuroAndChar(DownstreamPredictionMethod):
    card = Card(
        title="Amuro & Char",
        papers=(Paper("Amuro & Char: Analyzing the Relationship between Pre-Training and Fine-Tuning of Large Language "
                      "Models", 2024, arxiv="2408.06663"),),
        fidelity="proxy",
        claims=(Beats("base-score", on="prediction_error", setting="fine-tuned"),),
    )

    def fit(self, known):
        self.line = np.linalg.lstsq(self._x(known.models), known.score - known.base, rcond=None)[0]
        self.base = np.linalg.lstsq(self._x(known.models), known.base, rcond=None)[0]

    def predict(self, models):
        return self._x(models) @ (self.line + self.base)

    @staticmethod
    def _x(models):
        return np.column_stack([np.ones(len(models)), np.log(models.units), np.log(models.weights)])
