"""Fine-grained experts: how finely experts are cut changes what size is worth.

With G parts an expert and G of all parts at work for a piece,

    L(N, D, G) = c + (g / G^gamma + a) / N^alpha + b / D^beta

Departs from the paper: N are the weights at work, and four experts are cut into at most four parts (there 64 experts,
up to 16). Gates are the router's softmax times the number of experts over G. Without experts G is 1. The fit is
Chinchilla's, as for all laws here.

>>> round(1.0 + (2.0 / 4 ** 0.5 + 1.0) / 100 ** 0.5 + 1.0 / 100 ** 0.5, 2)
1.3
"""

import numpy as np

from methods.arenas.loss_prediction.arena import LossPredictionMethod
from methods.arenas.loss_prediction.stage.chinchilla import HIGH, LOW, STARTS
from methods.arenas.loss_prediction.stage.runs import power
from methods.kit.method import Beats, Card, Paper


class FineGrainedLaw(LossPredictionMethod):
    card = Card(
        title="Fine-grained experts",
        papers=(Paper("Scaling Laws for Fine-Grained Mixture of Experts", 2024, arxiv="2402.07871"),),
        fidelity="core",
        claims=(Beats("chinchilla-law", on="prediction_error", setting="experts"),),
    )
    starts = [(*start, share, 0.6) for start in STARTS[::2] for share in (-3.0, 0.0)]
    low, high = (*LOW, -15.0, 0.0), (*HIGH, 3.0, 3.0)

    def law(self, theta, runs):
        floor, log_a, alpha, log_b, beta, log_g, gamma = theta
        grain = np.exp(log_g) * np.maximum(runs.grain, 1.0) ** -gamma
        return floor + power(log_a, alpha, runs.weights) * (1 + grain) + power(log_b, beta, runs.units)
