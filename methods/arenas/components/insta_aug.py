"""InstaAug: let every image choose how far it may be turned and shifted.

An 0 may be turned far, a 6 not: one range for all must be too narrow for the one or too wide for the other. A small
network reads the image and gives the ranges of its own moves; they are drawn evenly, and the gradient of the
loss reaches that network through the resampled image. The loss alone would shrink the ranges, so their mean
entropy is held in a band: its weight grows while it is below and shrinks while it is above. An unseen image is
shown in several of its own poses and the answers are averaged.

    loss = CE(f(x moved by phi(x) * u), y) - lam * H,    H = mean_j log phi_j(x),    u ~ U(-1, 1)
    lam <- lam * 1.02 if H < low,    lam / 1.02 if H > high

What is no image is left as it is.

Departs from the paper: a turn and two shifts instead of random crops; four poses for an answer.

>>> moved_weight(1.0, entropy=-3.0, low=-2.0, high=-1.0), moved_weight(1.0, entropy=-1.5, low=-2.0, high=-1.0)
(1.02, 1.0)
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class InstaAug(ComponentsMethod):
    card = Card(
        title="Instance-specific augmentation (InstaAug)",
        papers=(Paper("Learning Instance-Specific Augmentations by Capturing Local Invariances", 2022, "2206.00051"),),
        fidelity="core",
        claims=(Beats("augerino", on="accuracy"), Beats("batch-norm", on="accuracy")),
        waivers={"every-image-is-answered-alone": "its body has batch normalisation"},
    )

    low: float = param(-2.3, "mean log range below which wide ranges are rewarded more", low=-5.0, high=-2.0)
    high: float = param(-0.7, "mean log range above which they are rewarded less", low=-2.25, high=0.0)
    lam: float = param(0.05, "weight of the entropy at the start", low=0.001, high=10.0)

    def norm(self, channels, site):
        return nets.BatchNorm(channels)

    def prepare(self, model):
        self.weight = self.lam
        if isinstance(model.stem, nn.Conv2d):
            model.stem, model.head = nets.MovingStem(model.stem, OwnRange()), nets.MeanAnswer(model.head)

    def backward(self, model, x, y):
        if x.dim() < 4:
            return super().backward(model, x, y)
        loss = F.cross_entropy(model(x), y)
        entropy = model.stem.ranges.log().mean()
        (loss - self.weight * entropy).backward()
        self.weight = moved_weight(self.weight, float(entropy.detach()), self.low, self.high)
        return loss.detach()


class OwnRange(nn.Module):
    """Ranges in 0..1 of each image's moves: (N, 1, H, W) -> (N, 3)."""

    def __init__(self, hidden: int = 8):
        super().__init__()
        self.first, self.last = nn.Conv2d(1, hidden, 3, padding=1), nn.Linear(hidden * 4, 3)
        nn.init.zeros_(self.last.weight)
        nn.init.constant_(self.last.bias, -2.0)

    def forward(self, x):
        features = F.adaptive_avg_pool2d(F.relu(self.first(x)), 2).flatten(1)
        return self.last(features).sigmoid().clamp(min=1e-4)


def moved_weight(lam: float, entropy: float, low: float, high: float, step: float = 1.02) -> float:
    return lam * step if entropy < low else lam / step if entropy > high else lam
