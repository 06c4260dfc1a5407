"""Replicate: what the same models scored when they were trained from other first weights, in another order.

It has seen the asked models, so it is an upper bound: what it misses by is chance of training.

Follows the textbook.

>>> round(100 * abs(0.42 - 0.40), 1)
2.0
"""

from methods.arenas.downstream_prediction.arena import DownstreamPredictionMethod
from methods.kit.method import Card


class Replicate(DownstreamPredictionMethod):
    card = Card(title="Replicate")

    sees_truth = True

    def fit(self, known):
        """Nothing to learn."""
