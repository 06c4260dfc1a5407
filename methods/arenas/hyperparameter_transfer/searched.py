"""Searched: the best rate of the wide run itself.

It has seen the sweep at the wide run's size, so it is an upper bound of its rule.

Follows the textbook.

>>> min({0.005: 3.2, 0.01: 3.1}.items(), key=lambda each: each[1])[0]
0.01
"""

from methods.arenas.hyperparameter_transfer.arena import HyperparameterTransferMethod
from methods.kit.method import Card


class Searched(HyperparameterTransferMethod):
    card = Card(title="Searched")

    sees_truth = True

    def plan(self, known):
        return float(known.rates[known.bits[0, :, -1].argmin()])
