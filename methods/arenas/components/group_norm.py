"""Group normalisation: standardise groups of channels within one sample.

Between layer normalisation (all channels share one mean and variance) and instance normalisation
(each channel has its own) lies a middle: channels are split into groups and each group of a sample
is standardised over its channels and positions. Nothing depends on the batch, so its size does not
matter, and channels of different nature need not share one scale.

    S_i = {k : k_N = i_N, floor(k_C / (C / G)) = floor(i_C / (C / G))}
    y = gamma * (x - mean_S) / sqrt(var_S + eps) + beta

Departs from the paper: four groups instead of 32, as the narrowest layers here have twelve channels.

>>> normalised([[1.0, 3.0, 10.0, 30.0]], groups=2)     # (1, 3) and (10, 30) each become -1, 1
[[-1.0, 1.0, -1.0, 1.0]]
"""

import torch

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Beats, Card, Paper, Withstands
from methods.kit.params import param


class GroupNorm(ComponentsMethod):
    card = Card(
        title="Group normalisation",
        papers=(Paper("Group Normalization", 2018, "1803.08494"),),
        fidelity="faithful",
        claims=(Withstands("batch-norm", on="accuracy", to="small-batch"),
                Beats("batch-norm", on="accuracy", setting="small-batch"),
                Beats("layer-norm", on="accuracy"),
                Beats("instance-norm", on="accuracy")),
        reduces_to=("layer-norm", {"groups": 1}),
    )

    groups: int = param(4, "number of groups the channels are split into", low=1, high=32)

    def norm(self, channels, site):
        return nets.GroupNorm(channels, self.groups)


def normalised(x, groups: int) -> list:
    """(N, C) by a fresh layer, rounded."""
    x = torch.tensor(x)
    return [[round(v, 2) for v in row] for row in nets.GroupNorm(x.shape[1], groups)(x).tolist()]
