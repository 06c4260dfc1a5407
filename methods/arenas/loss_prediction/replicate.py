"""Replicate: what the same run scored when it was trained from other first weights, in another order.

It has seen the asked runs, so it is an upper bound: what it misses by is chance of training. Where a grid was trained
once, it is the same run on twice as many passages.

Follows the textbook.

>>> from math import log
>>> round(100 * abs(log(2.50 / 2.51)), 1)
0.4
"""

from methods.arenas.loss_prediction.arena import LossPredictionMethod
from methods.kit.method import Card


class Replicate(LossPredictionMethod):
    card = Card(title="Replicate")
    sees_truth = True

    def fit(self, runs, loss):
        """Nothing to learn."""
