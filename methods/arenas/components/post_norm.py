"""Post-norm: normalise after the branch has been added, as the first transformer did.

The stream itself is normalised at every branch, so it cannot grow however deep the network is. But
the way from the loss to the first layers now leads through every normaliser, and each one
scales the gradient down: deep post-norm networks start slowly and want a long warm-up.

    x_{l+1} = LN(x_l + f_l(x_l))

On images the same order is used around convolutional branches, which begin with a ReLU.

Departs from the paper: small networks, character prediction and digits instead of translation; one more normaliser
stands before the readout.

>>> joined([1.0, 3.0], [1.0, 7.0])     # the sum [2, 10] standardised
[-1.0, 1.0]
"""

import torch

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Card, Paper


class PostNorm(ComponentsMethod):
    card = Card(
        title="Post-norm",
        papers=(Paper("Attention Is All You Need", 2017, "1706.03762", covers="the normaliser after each addition"),),
        fidelity="core",
    )

    def norm(self, channels, site):
        return nets.LayerNorm(channels)

    def connect(self, branch, norm, site):
        return nets.PostNormBlock(branch, norm)


def joined(x, branch_output) -> list[float]:
    """One post-norm step on a sample whose branch gives `branch_output`, rounded."""
    block = nets.PostNormBlock(lambda _: torch.tensor([branch_output]), nets.LayerNorm(len(x)))
    return [round(v, 2) for v in block(torch.tensor([x]))[0].tolist()]
