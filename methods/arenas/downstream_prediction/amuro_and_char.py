"""Amuro & Char: every checkpoint is tuned, and what tuning reaches is followed over pretraining.

    P_ft(t) = a_N + b log t

a_N is that of the nearest known size, b is shared; P_0, what the checkpoint can do untuned, plays no part, as it may
stay flat while P_ft grows.

Departs from the paper: the paper studies and does not foretell, so the straight line is ours; tuning is a classifier
on the states with 400 labels; t is pieces read.

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
        self.sizes = np.unique(known.models.weights)
        x = np.column_stack([self._own(known.models), np.log(known.models.units)])
        self.line = np.linalg.lstsq(x, known.score, rcond=None)[0]

    def predict(self, models):
        return np.column_stack([self._own(models), np.log(models.units)]) @ self.line

    def _own(self, models):
        """(n, sizes) which known size is nearest to each model."""
        nearest = np.abs(np.log(models.weights[:, None] / self.sizes)).argmin(1)
        return np.eye(len(self.sizes))[nearest]
