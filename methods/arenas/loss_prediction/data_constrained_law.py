"""Data-constrained law: each reading of the same text is worth less than the one before.

U different pieces are read 1 + R times; U_N is the size that U pieces are best for (N at most), N = U_N (1 + R_N):

    D' = U + U R* (1 - exp(-R / R*)),     N' = U_N + U_N R_N* (1 - exp(-R_N / R_N*))
    L = E + A / N'^alpha + B / D'^alpha,   U_N = min(N, U (A / B)^(1 / alpha))

First E, A, B and alpha are fitted to runs that read nothing twice, then R* and R_N* to all.

Departs from the paper: models of some 10,000 weights, whose loss may rise again, which the law cannot say.

>>> from math import exp
>>> round(100 + 100 * 15.0 * (1 - exp(-4 / 15.0)), 1)                # 100 pieces five times, R* = 15: nearly 500
451.1
"""

import numpy as np

from methods.arenas.loss_prediction.arena import LossPredictionMethod
from methods.arenas.loss_prediction.stage.chinchilla import HIGH, LOW, STARTS, best_size, chinchilla
from methods.arenas.loss_prediction.stage.runs import fitted
from methods.kit.method import Beats, Card, Paper


class DataConstrainedLaw(LossPredictionMethod):
    card = Card(
        title="Data-constrained law",
        papers=(Paper("Scaling Data-Constrained Language Models", 2023, arxiv="2305.16264"),),
        fidelity="faithful",
        claims=(Beats("chinchilla-law", on="prediction_error", setting="repeated", by=1.0),
                Beats("unique-only", on="prediction_error", setting="repeated", by=1.0)),
    )

    def fit(self, runs, loss):
        once = runs.units <= runs.unique
        tied = fitted(lambda theta, known: chinchilla([*theta, theta[2]], known.weights, known.units),
                      [start[:4] for start in STARTS], LOW[:4], HIGH[:4], runs.where(once), loss[once])
        self.base = np.append(tied, tied[2])
        self.decay = np.zeros(2)
        if not once.all():
            self.decay = fitted(self.law, [(a, b) for a in (0.7, 2.7) for b in (0.7, 2.7)], (-4.0, -4.0), (8.0, 8.0),
                                runs, loss)

    def law(self, theta, runs):
        return chinchilla(self.base, worth(runs.weights, np.minimum(runs.weights, best_size(self.base, runs.unique)),
                                           np.exp(theta[1])), worth(runs.units, runs.unique, np.exp(theta[0])))

    def predict(self, runs):
        if (runs.units <= runs.unique).all():
            return chinchilla(self.base, runs.weights, runs.units)
        return self.law(self.decay, runs)


def worth(every, new, rate):
    """What `every` is worth of which `new` is new and the rest is more of the same."""
    return new + new * rate * (1 - np.exp(-(every / new - 1) / rate))
