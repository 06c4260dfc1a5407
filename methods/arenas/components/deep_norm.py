"""DeepNorm: post-norm with a louder stream and quieter branches.

Post-norm transformers fail at depth since the first updates of the many branches add up to a
leap. DeepNorm keeps the normaliser after the addition but scales the stream up by alpha before it, and
draws the weights of value, output and feed-forward layers smaller by beta, both from the depth,
so that the size of the whole network's update stays bounded by a constant.

    x_{l+1} = LN(alpha * x_l + f_l(x_l))
    alpha = (2M)^(1/4),  beta = (8M)^(-1/4)     for M decoder layers with two branches each

Departs from the paper: small networks; the arena's normaliser before the readout stays behind the last one; on images
the number of branches takes the place of 2M, and both convolutions of a branch start smaller.

>>> [round(v, 3) for v in scales(branches=16, exponent=0.25)]     # M = 8: 16^(1/4), 64^(-1/4)
[2.0, 0.354]
"""

import torch

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class DeepNorm(ComponentsMethod):
    card = Card(
        title="DeepNorm",
        papers=(Paper("DeepNet: Scaling Transformers to 1,000 Layers", 2022, "2203.00555"),),
        fidelity="faithful",
        claims=(Beats("post-norm", on="test_loss", setting="language"),
                Beats("layer-norm", on="test_loss", setting="language")),
        reduces_to=("post-norm", {"exponent": 0.0}),
    )

    exponent: float = param(0.25, "power of the depth in both scales; 0 is plain post-norm", low=0.0, high=1.0)

    def norm(self, channels, site):
        return nets.LayerNorm(channels)

    def connect(self, branch, norm, site):
        return nets.PostNormBlock(branch, norm, scale=scales(site.branches, self.exponent)[0])

    def prepare(self, model):
        beta = scales(len(model.branches), self.exponent)[1]
        with torch.no_grad():
            for branch in model.branches:
                for layer in branch.path:
                    layer.weight.mul_(beta)


def scales(branches: int, exponent: float) -> tuple[float, float]:
    """alpha and beta for a decoder of `branches` branches."""
    return branches**exponent, (4 * branches) ** -exponent
