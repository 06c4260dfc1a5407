"""Searched: the best of all wide runs under the rule with a rate for each kind of layer.

It has seen the sweep at the wide run's size, so it is an upper bound: it picks the best rate that was tried.

Follows the textbook.

>>> min({0.005: 3.2, 0.01: 3.1}.items(), key=lambda each: each[1])[0]
0.01
"""

from methods.arenas.hyperparameter_transfer.arena import HyperparameterTransferMethod
from methods.kit.method import Card


class Searched(HyperparameterTransferMethod):
    card = Card(title="Searched")
    rule = "per-layer"
    sees_truth = True

    def plan(self, known):
        return float(known.rates[known.bits[0, :, -1].argmin()])

    def forecast(self, known, rate):
        return float(known.bits[0, :, -1].min())
