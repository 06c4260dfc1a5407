"""Kaplan's law: the tighter of two limits, size and reading, rules.

    L(N, D) = ((N_c / N)^(alpha_N / alpha_D) + D_c / D)^alpha_D

N are the weights without the embeddings, D the pieces read. It has no floor: with enough of both, loss goes to zero.

Departs from the paper: a survey, which gives the limits of size, of reading and of compute one by one; size and reading
are joined as Kaplan et al. do. Fitted to models of some 10,000 weights, in bits per byte, by Chinchilla's Huber loss.

>>> round((8.8e13 / 1e9) ** 0.076, 2)                    # the survey's constants, reading without end
2.38
"""

import numpy as np

from methods.arenas.loss_prediction.arena import LossPredictionMethod
from methods.kit.method import Beats, Card, Paper


class KaplanLaw(LossPredictionMethod):
    card = Card(
        title="Kaplan's law",
        papers=(Paper("A Survey of Large Language Models", 2023, arxiv="2303.18223",
                      covers="the scaling law of Kaplan et al., one of the two that the survey reviews"),),
        fidelity="proxy",
        claims=(Beats("last-value", on="prediction_error", by=0.5),),
    )
    starts = [(size, rate, reading, other) for size in (12.0, 20.0) for reading in (12.0, 20.0)
              for rate in (0.05, 0.2) for other in (0.05, 0.2)]
    low, high = (0.0, 0.005, 0.0, 0.005), (80.0, 2.0, 80.0, 2.0)

    def law(self, theta, runs):
        log_nc, alpha_n, log_dc, alpha_d = theta
        return np.exp(alpha_d * np.logaddexp((log_nc - np.log(runs.body)) * alpha_n / alpha_d,
                                             log_dc - np.log(runs.units)))
