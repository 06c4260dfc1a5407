"""Batch normalisation: standardise each channel over the batch before it is used.

While a network learns, the scale and centre of every layer's input drift, and one learning rate
must serve them all. Batch normalisation removes both: each channel is centred and scaled by its own
mean and variance over the mini-batch (and over the positions of an image), then given a learnt gain
and bias, so that nothing expressible is lost. For unseen data, running averages of the two statistics
take the place of the batch's, so an answer does not depend on its company.

    y = gamma * (x - mean_B) / sqrt(var_B + eps) + beta                     (algorithm 1)

The price: examples of a batch influence each other, and the averages are noisy when it is small.

Follows the paper.

>>> normalised([[1.0, 10.0], [3.0, 30.0]])     # two samples, two channels: each channel becomes -1, 1
[[-1.0, -1.0], [1.0, 1.0]]
"""

import torch

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class BatchNorm(ComponentsMethod):
    card = Card(
        title="Batch normalisation",
        papers=(Paper("Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
                      2015, "1502.03167"),),
        fidelity="faithful",
        claims=(Beats("no-normalization", on="accuracy", setting="high-rate"),
                Beats("no-normalization", on="steps_to_target")),
        waivers={"every-image-is-answered-alone": "it normalises over the batch"},
    )

    momentum: float = param(0.1, "weight of the newest batch in the running averages", low=0.001, high=1.0)

    def norm(self, channels, site):
        return nets.BatchNorm(channels, self.momentum)


def normalised(x) -> list:
    """(N, C) standardised over N by a fresh layer, rounded."""
    x = torch.tensor(x)
    return [[round(v, 2) for v in row] for row in nets.BatchNorm(x.shape[1])(x).tolist()]
