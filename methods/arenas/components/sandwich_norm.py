"""Sandwich norm: normalise before the branch and once more behind it.

With a normaliser before each branch only, nothing bounds what a branch adds, and in half precision
large values in deep layers overflow. A second normaliser at the end of the branch fixes the size of
every contribution, while the stream stays a plain sum.

    x_{l+1} = x_l + LN(f_l(LN(x_l)))

Departs from the paper: only its connection, on small networks in full precision, not the image generator.

>>> added([1.0, 3.0], [5.0, 9.0])     # [1, 3] + [-1, 1]
[0.0, 4.0]
"""

import torch
from torch import nn

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Card, Paper


class SandwichNorm(ComponentsMethod):
    card = Card(
        title="Sandwich norm",
        papers=(Paper("CogView: Mastering Text-to-Image Generation via Transformers", 2021, "2105.13290",
                      covers="the normalisers around each branch"),),
        fidelity="core",
        needs_scale=("Keeps transformers of billions of parameters from overflowing in 16-bit training.",),
    )

    def norm(self, channels, site):
        return nets.LayerNorm(channels)

    def connect(self, branch, norm, site):
        behind = nets.LayerNorm(branch.path[-1].weight.shape[0])
        return nets.PreNormBlock(nn.Sequential(branch, behind), norm)


def added(x, branch_output) -> list[float]:
    """One step on a sample whose branch gives `branch_output`, rounded."""
    behind = nets.LayerNorm(len(x))
    block = nets.PreNormBlock(lambda _: behind(torch.tensor([branch_output])), nn.Identity())
    return [round(v, 2) for v in block(torch.tensor([x]))[0].tolist()]
