"""Augerino: learn one range of turns and shifts for all images together with the weights.

Each image is turned and shifted by amounts drawn evenly from a range, and the ranges are parameters: the gradient
reaches them through the resampled image. The loss alone would shrink them, so their size is rewarded. An
unseen image is shown in several of the learnt poses and the answers are averaged.

    loss = CE(f(x moved by r * u), y) - lam * mean_j log r_j,    u ~ U(-1, 1)

It is the plain rival of methods whose ranges depend on the image; what is no image is left as it is.

Departs from the paper: a turn and two shifts instead of six affine generators; the reward is the mean log range.

>>> ranges = torch.tensor([[0.5, 0.25, 1.0]])
>>> round(entropy(ranges).item(), 3)     # (log 1/2 + log 1/4 + log 1) / 3
-0.693
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Augerino(ComponentsMethod):
    card = Card(
        title="Augerino",
        papers=(Paper("Learning Invariances in Neural Networks", 2020, "2010.11882"),),
        fidelity="core",
        claims=(Beats("batch-norm", on="accuracy"),),
        waivers={"every-image-is-answered-alone": "its body has batch normalisation"},
    )

    lam: float = param(0.05, "weight of the reward for wide ranges", low=0.0, high=10.0)

    def norm(self, channels, site):
        return nets.BatchNorm(channels)

    def prepare(self, model):
        if isinstance(model.stem, nn.Conv2d):
            model.stem, model.head = nets.MovingStem(model.stem, SharedRange()), nets.MeanAnswer(model.head)

    def backward(self, model, x, y):
        if x.dim() < 4:
            return super().backward(model, x, y)
        loss = F.cross_entropy(model(x), y)
        (loss - self.lam * entropy(model.stem.ranges)).backward()
        return loss.detach()


class SharedRange(nn.Module):
    """One range in 0..1 for each kind of move: (N, 1, H, W) -> (N, 3)."""

    def __init__(self):
        super().__init__()
        self.logit = nn.Parameter(torch.full((3,), -2.0))

    def forward(self, x):
        return self.logit.sigmoid().expand(len(x), 3)


def entropy(ranges):
    """(N, 3) -> the mean of the logarithms."""
    return ranges.log().mean()
