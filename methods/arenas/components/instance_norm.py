"""Instance normalisation: standardise every channel of every image by itself.

Each channel is centred and scaled over the positions of one image, which removes that image's
contrast and brightness channel by channel. It was made for painting pictures in another's
style, where exactly this should vanish; a classifier loses with it whatever the strength of a
feature said.

    y_nchw = (x_nchw - mean_hw(x_nc)) / sqrt(var_hw(x_nc) + eps)

It stands at every place, as in the paper, also before the ReLU and the average that are read out. A character of
`language` or a point of `sets` has one position only, so nothing but the bias is left of it: there the method is
out of its depth by construction, and has no normaliser before the readout, which would be left a constant.

Departs from the paper: classification and next characters instead of image stylisation.

>>> normalised([[[1.0, 3.0], [10.0, 30.0]]])     # one sample, two channels, two positions
[[[-1.0, 1.0], [-1.0, 1.0]]]
"""

import torch
from torch import nn

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Card, Paper


class InstanceNorm(ComponentsMethod):
    card = Card(
        title="Instance normalisation",
        papers=(Paper("Instance Normalization: The Missing Ingredient for Fast Stylization", 2016, "1607.08022"),),
        fidelity="core",
    )

    def norm(self, channels, site):
        constant = site.place == "final" and not site.activated
        return nn.Identity() if constant else nets.GroupNorm(channels, groups=channels)


def normalised(x) -> list:
    """(N, C, P) by a fresh layer, rounded."""
    x = torch.tensor(x)
    y = nets.GroupNorm(x.shape[1], groups=x.shape[1])(x)
    return [[[round(v, 2) for v in row] for row in sample] for sample in y.tolist()]
