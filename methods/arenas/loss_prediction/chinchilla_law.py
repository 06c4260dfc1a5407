"""Chinchilla's law: a floor, a part that size removes and a part that reading removes.

    L(N, D) = E + A / N^alpha + B / D^beta

N are all weights at work, D the pieces read, those read again counted again.

Departs from the paper: models of some 10,000 weights; one training stands for runs of several lengths; the floor is at
most 3.5 bits.

>>> round(1.69 + 406.4 / 1e9 ** 0.34 + 410.7 / 2e10 ** 0.28, 3)      # the paper's constants
2.58
"""

from methods.arenas.loss_prediction.arena import LossPredictionMethod
from methods.arenas.loss_prediction.stage.chinchilla import HIGH, LOW, STARTS, chinchilla
from methods.kit.method import Beats, Card, Paper


class ChinchillaLaw(LossPredictionMethod):
    card = Card(
        title="Chinchilla's law",
        papers=(Paper("Training Compute-Optimal Large Language Models", 2022, arxiv="2203.15556"),),
        fidelity="faithful",
        claims=(Beats("last-value", on="prediction_error", by=0.5),
                Beats("power-of-compute", on="prediction_error")),
    )
    starts, low, high = STARTS, LOW, HIGH

    def law(self, theta, runs):
        return chinchilla(theta, runs.weights, runs.units)
