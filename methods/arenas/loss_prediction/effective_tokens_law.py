"""Effective tokens: pieces count for more or less by the quality of their text.

    D_q = D exp(c1 diversity + c2 syntheticity),   L = E + A / N^alpha + B / D_q^beta

Diversity is the share of bytes that zlib leaves of the text, syntheticity the inverse perplexity under a teacher that
has read plain text. All constants are fitted together, c1 within 20 and c2 within 60 of zero, so that a piece counts
for no more than some six others.

Departs from the paper: the teacher is the largest model of the ladder; loss takes the place of accuracy on tasks; the
deepest settings of zlib take the place of gzip's; models of some 10,000 weights. Where quality was not measured, D_q
is D.

>>> from math import exp
>>> round(1000 * exp(2.0 * 0.5 - 4.0 * 0.25))            # a gain in diversity that syntheticity takes back
1000
"""

import numpy as np

from methods.arenas.loss_prediction.arena import LossPredictionMethod
from methods.arenas.loss_prediction.stage.chinchilla import HIGH, LOW, STARTS, chinchilla
from methods.kit.method import Beats, Card, Paper


class EffectiveTokensLaw(LossPredictionMethod):
    card = Card(
        title="Effective training tokens",
        papers=(Paper("Scaling Parameter-Constrained Language Models with Quality Data", 2024, arxiv="2410.03083"),),
        fidelity="core",
        claims=(Beats("chinchilla-law", on="prediction_error", setting="quality"),),
    )
    starts = [(*start, a, b) for start in STARTS[::2] for a, b in ((0.0, 0.0), (5.0, 0.0), (0.0, 20.0))]
    low, high = (*LOW, -20.0, -60.0), (*HIGH, 20.0, 60.0)

    def law(self, theta, runs):
        quality = theta[5] * runs.packed + theta[6] * np.exp(-runs.surprise)
        quality = np.where(runs.packed > 0, quality, 0.0)
        return chinchilla(theta[:5], runs.weights, np.exp(np.clip(np.log(runs.units) + quality, -50, 200)))
