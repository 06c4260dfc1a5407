"""Dynamic tanh: replace the normaliser by a squashing function with a learnt slope.

What layer normalisation does to the many activations of a trained transformer looks like an
S-shaped curve: linear in the middle, flattened at the ends. A tanh with one learnt slope per place
does that without computing any statistic.

    DyT(x) = gamma * tanh(alpha * x) + beta

Departs from the paper: small networks and short training; on images it stands before a ReLU; in `language` alpha
starts alike at every place and embeddings are not scaled, where the paper's large language models start it higher
before attention and learn a scale behind the embedding.

>>> round(DynamicTanhLayer(1, start=0.5)(torch.tensor([[2.0]])).item(), 4)     # tanh(1)
0.7616
"""

import torch
from torch import nn

from methods.arenas.components.arena import ComponentsMethod
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.nets import Affine
from methods.kit.params import param


class DynamicTanh(ComponentsMethod):
    card = Card(
        title="Dynamic tanh",
        papers=(Paper("Transformers without Normalization", 2025, "2503.10622"),),
        fidelity="core",
        claims=(Matches("layer-norm", on="test_loss", within=0.05, setting="language"),
                Beats("no-normalization", on="test_loss", setting="language"),
                Beats("no-normalization", on="accuracy")),
    )

    slope: float = param(0.5, "alpha before training", low=0.01, high=2.0)

    def norm(self, channels, site):
        return DynamicTanhLayer(channels, self.slope)


class DynamicTanhLayer(nn.Module):
    def __init__(self, channels: int, start: float):
        super().__init__()
        self.slope, self.affine = nn.Parameter(torch.tensor(start)), Affine(channels)

    def forward(self, x):
        return self.affine(torch.tanh(self.slope * x))
