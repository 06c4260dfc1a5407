"""Layer normalisation: standardise each sample over its own channels, not over the batch.

The mean and variance are taken across the units of one layer for one sample, so training and testing
do the same arithmetic, the batch may be as small as one, and nothing has to be remembered. Every
channel keeps a gain and a bias of its own. On images the statistics run over channels and positions.

    y = g * (a - mu) / sigma + b,    mu = mean_i a_i,    sigma^2 = mean_i (a_i - mu)^2

In `language` this is the transformer that normalises before each branch, the usual one today: its
stream is a plain sum, so the gradient reaches every layer.

Departs from the paper: feed-forward networks instead of recurrent ones.

>>> normalised([[1.0, 3.0], [10.0, 30.0]])     # each row alone becomes -1, 1
[[-1.0, 1.0], [-1.0, 1.0]]
"""

import torch

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Beats, Card, Paper, Withstands


class LayerNorm(ComponentsMethod):
    card = Card(
        title="Layer normalisation",
        papers=(Paper("Layer Normalization", 2016, "1607.06450", covers="the normaliser"),
                Paper("On Layer Normalization in the Transformer Architecture", 2020, "2002.04745",
                      covers="the normaliser before each branch (Pre-LN)")),
        fidelity="faithful",
        claims=(Beats("no-normalization", on="steps_to_target", setting="language"),
                Withstands("batch-norm", on="accuracy", to="small-batch")),
    )

    def norm(self, channels, site):
        return nets.LayerNorm(channels)


def normalised(x) -> list:
    """(N, C) standardised over C by a fresh layer, rounded."""
    x = torch.tensor(x)
    return [[round(v, 2) for v in row] for row in nets.LayerNorm(x.shape[1])(x).tolist()]
