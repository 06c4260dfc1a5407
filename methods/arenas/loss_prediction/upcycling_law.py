"""Upcycling: the more a dense model has read, the less its experts gain from each further piece.

D1 pieces before experts grew, D2 after,

    L(D1, D2) = A D1^-a1 D2^(-a2 + a3 log D1) + E

Departs from the paper: D1 and D2 are told in units of ten thousand pieces, which changes A, a1 and a2 but not the law;
four experts, two at work, gates that sum to one; models of 27,000 weights. Without a past D1 is one unit.

>>> round(2.0 * 4.0 ** -0.5 * 9.0 ** (-0.5 + 0.0) + 1.0, 3)          # a3 = 0: no interaction
1.333
"""

import numpy as np

from methods.arenas.loss_prediction.arena import LossPredictionMethod
from methods.arenas.loss_prediction.stage.chinchilla import history
from methods.kit.method import Beats, Card, Paper


class UpcyclingLaw(LossPredictionMethod):
    card = Card(
        title="Upcycling law",
        papers=(Paper("Scaling Laws for Upcycling Mixture-of-Experts Language Models", 2025, arxiv="2502.03009"),),
        fidelity="faithful",
        claims=(Beats("additive-law", on="prediction_error", setting="upcycled"),
                Beats("no-interaction", on="prediction_error", setting="upcycled")),
    )
    starts = [(level, a1, a2, a3, floor) for level in (0.0, 1.0) for a1, a2 in ((0.1, 0.1), (0.3, 0.3))
              for a3 in (0.0, 0.05) for floor in (0.5, 2.0)]
    low, high = (-5.0, 0.0, 0.0, -1.0, 0.0), (6.0, 3.0, 3.0, 1.0, 3.5)

    def law(self, theta, runs):
        log_a, a1, a2, a3, floor = theta
        before, after = history(runs)
        return floor + np.exp(log_a - a1 * before + (a3 * before - a2) * after)
