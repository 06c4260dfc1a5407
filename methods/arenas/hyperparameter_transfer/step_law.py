"""Step law: the best rate as a power of size and a power of what is read.

    rate = c1 N^a D^b

fitted, as logarithms, by least squares to the best rates of all small widths at all moments, which are drawn anew a
hundred times; the exponents and log c1 are the means of those fits.

Departs from the paper: the law of the batch, c2 D^d, is left out, as all batches are of 8 windows; the rate is constant
and weights are averaged at the end, where the paper's rate falls to a fixed one.

>>> round(0.1 * 100.0 ** -0.5 * 10.0 ** 0.3, 4)
0.02
"""

import numpy as np

from methods.arenas.hyperparameter_transfer.arena import HyperparameterTransferMethod
from methods.arenas.hyperparameter_transfer.stage.sweeps import every_best, log_linear, resampled
from methods.kit.method import Beats, Card, Paper


class StepLaw(HyperparameterTransferMethod):
    card = Card(
        title="Step law",
        papers=(Paper("Predictable Scale: Part I -- Optimal Hyperparameter Scaling Law in Large Language Model "
                      "Pretraining", 2025, arxiv="2503.04715"),),
        fidelity="core",
        claims=(Beats("fixed-rate", on="excess_bpb"), Beats("compute-only", on="excess_bpb")),
    )

    def plan(self, known):
        n, d, best = every_best(known)
        level, size, read = np.mean([log_linear([n[rows], d[rows]], best[rows]) for rows in resampled(len(best))], 0)
        return float(np.exp(level + size * np.log(known.wide) + read * np.log(known.read)))
