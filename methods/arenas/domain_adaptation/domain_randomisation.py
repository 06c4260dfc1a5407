"""Domain randomisation: vary all that a renderer can vary, and never show the same picture twice.

The study renders synthetic pictures with independent factors and asks which of them carry a classifier to real ones.
Here printed digits are the synthetic pictures, and every batch is rendered anew with random rotation, size, slant,
light and background texture, each of which can be held fixed; with all of them fixed it is training on the source. The
target's pictures are not used at all.

    x' = gain * x(rotation, size, slant) + (1 - gain) * smooth noise

Departs from the paper: the renderer warps printed digits in two dimensions instead of rendering objects in three.

>>> import torch
>>> turn(torch.tensor([0.0]), torch.tensor([2.0]), torch.tensor([0.0]))[0].tolist()      # twice the size
[[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]]
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptationMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def turn(angle: Tensor, size: Tensor, slant: Tensor) -> Tensor:
    """(B, 2, 3) affine maps of the sampling grid for rotation in radians, size and slant."""
    cos, sin = angle.cos() / size, angle.sin() / size
    top = torch.stack([cos, slant * cos - sin, torch.zeros_like(cos)], 1)
    low = torch.stack([sin, slant * sin + cos, torch.zeros_like(cos)], 1)
    return torch.stack([top, low], 1)


class DomainRandomisation(DomainAdaptationMethod):
    card = Card(
        title="Domain randomisation",
        papers=(Paper("A New Benchmark: On the Utility of Synthetic Data with Blender for Bare Supervised Learning "
                      "and Downstream Domain Adaptation", 2023, arxiv="2303.09165"),),
        fidelity="core",
        claims=(Beats("source-only", on="target_accuracy"),),
        reduces_to=("source-only", {"rotation": 0.0, "scaling": 0.0, "slant": 0.0, "light": 0.0}),
        waivers=SOURCE_GONE,
    )

    rotation: float = param(0.3, "largest rotation in radians", low=0.0, high=1.5)
    scaling: float = param(0.25, "largest change of size", low=0.0, high=0.6)
    slant: float = param(0.4, "largest slant", low=0.0, high=1.0)
    light: float = param(0.2, "largest share of background texture", low=0.0, high=0.8)

    def loss(self, net, task):
        x, y = task.source()
        return F.cross_entropy(net(self.rendered(x, task)), y)

    def rendered(self, x, task):
        """x (B, C, H, W) under freshly drawn factors; words have none."""
        if x.shape[-1] == 1:
            return x
        draw = (2 * torch.rand((4, len(x)), generator=task.random) - 1).to(x)
        if self.rotation or self.scaling or self.slant:
            maps = turn(self.rotation * draw[0], 1 + self.scaling * draw[1], self.slant * draw[2])
            x = F.grid_sample(x, F.affine_grid(maps, list(x.shape), align_corners=False), align_corners=False,
                              padding_mode="border")
        if self.light:
            coarse = torch.rand((len(x), x.shape[1], 4, 4), generator=task.random).to(x)
            texture = F.interpolate(coarse, x.shape[2:], mode="bilinear", align_corners=False)
            share = self.light * draw[3].abs()[:, None, None, None]
            x = (1 - share) * x + share * texture
        return x
