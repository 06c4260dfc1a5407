"""The omni-scale network: streams of light convolutions that see more or less of a drawing, and a gate that weighs
them."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PLACES = ("none", "inside", "after", "both")     # where instance norm may stand in a block


class Light(nn.Sequential):
    """A 1 x 1 convolution and a 3 x 3 one for each channel alone, norm and ReLU."""

    def __init__(self, into: int, out: int):
        super().__init__(nn.Conv2d(into, out, 1, bias=False), nn.Conv2d(out, out, 3, 1, 1, groups=out, bias=False),
                         nn.BatchNorm2d(out), nn.ReLU())


class Gate(nn.Module):
    """The share of each channel that passes, by what the whole map holds of all channels."""

    def __init__(self, width: int, less: int = 4):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, max(1, width // less)), nn.ReLU(),
                                    nn.Linear(max(1, width // less), width), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.layers(x.mean((2, 3)))[:, :, None, None]


class OmniBlock(nn.Module):
    """x + W sum_t G(F_t(x)): stream t has t light convolutions, the gate is shared; `streams` says how long each is.

    `place` is where instance norms stand; while it is searched, `weights` (4,) are the shares of all four places.
    """

    def __init__(self, into: int, width: int, streams: tuple[int, ...], place: str = "none"):
        super().__init__()
        middle = max(1, width // 2)
        self.first = nn.Sequential(nn.Conv2d(into, middle, 1, bias=False), nn.BatchNorm2d(middle), nn.ReLU())
        self.streams = nn.ModuleList([nn.Sequential(*[Light(middle, middle) for _ in range(t)]) for t in streams])
        self.gate = Gate(middle)
        self.last = nn.Sequential(nn.Conv2d(middle, width, 1, bias=False), nn.BatchNorm2d(width))
        self.beside = nn.Sequential(nn.Conv2d(into, width, 1, bias=False), nn.BatchNorm2d(width))
        self.inside, self.after = nn.InstanceNorm2d(width, affine=True), nn.InstanceNorm2d(width, affine=True)
        self.place, self.weights = place, torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x)
        h = self.last(torch.stack([self.gate(stream(h)) for stream in self.streams]).sum(0))
        x = self.beside(x)
        if self.place != "searched":
            h = self.inside(h) if self.place in ("inside", "both") else h
            return F.relu(self.after(x + h) if self.place in ("after", "both") else x + h)
        within = self.inside(h)
        said = (x + h, x + within, self.after(x + h), self.after(x + within))
        return F.relu(sum(weight * part for weight, part in zip(self.weights, said, strict=True)))


class OmniNet(nn.Module):
    """Drawings (N, 1, H, W) to (N, features): two blocks, each with a pooling before and after, and a layer."""

    def __init__(self, features: int, width: int, streams: tuple[int, ...], places: tuple[str, str]):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, width, 5, 2, 2, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
                                  nn.MaxPool2d(2, ceil_mode=True))
        self.blocks = nn.ModuleList([OmniBlock(width, 2 * width, streams, places[0]),
                                     OmniBlock(2 * width, 4 * width, streams, places[1])])
        self.last = nn.Sequential(nn.Linear(4 * width * 4, features, bias=False), nn.BatchNorm1d(features))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
            x = F.avg_pool2d(x, 2, ceil_mode=True) if x.shape[-1] > 3 else x
        return self.last(F.adaptive_avg_pool2d(x, 2).flatten(1))


class Search(nn.Module):
    """How likely each place of each block is, and draws of it that can be learnt through."""

    def __init__(self, blocks: int):
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(blocks, len(PLACES)))

    def draw(self, temperature: float, generator: torch.Generator) -> Tensor:
        """Gumbel-softmax shares (blocks, places)."""
        uniform = torch.rand(self.scores.shape, generator=generator).clamp(1e-6, 1 - 1e-6).to(self.scores.device)
        return ((self.scores - (-uniform.log()).log()) / temperature).softmax(1)

    def places(self) -> tuple[str, ...]:
        return tuple(PLACES[i] for i in self.scores.argmax(1).tolist())


def wide_enough(features: int, streams: tuple[int, ...], weights: int) -> int:
    """The width at which a network of these streams has as many weights as wanted, as near as it gets."""
    def count(width: int) -> float:
        net = OmniNet(features, width, streams, ("none", "none"))
        return abs(math.log(sum(p.numel() for p in net.parameters()) / weights))
    return min(range(2, 40), key=count)
