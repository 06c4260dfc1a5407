"""A network that agrees, over prototypes, with a slow copy of itself that sees another view of the picture."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.visual_pretraining.stage.nets import Encoder, Parts, follow, frozen_copy, slowness
from methods.arenas.visual_pretraining.stage.task import Task

PROTOTYPES = 64
COLD, KEPT = 0.1, 0.9       # the network's temperature, and what a centre keeps of itself in a step


class Prototypes(nn.Module):
    """(..., into) -> (..., prototypes): cosines, between -1 and 1, of what two layers make with learnt directions."""

    def __init__(self, into: int, hidden: int, width: int, prototypes: int = PROTOTYPES):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(into, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.directions = nn.Parameter(torch.randn(prototypes, width))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(F.normalize(self.layers(x), dim=-1), F.normalize(self.directions, dim=1))


class Centre(nn.Module):
    """The running mean of logits (..., K), subtracted before a sharp softmax; it moves with every call."""

    def __init__(self, prototypes: int = PROTOTYPES):
        super().__init__()
        self.mean: Tensor
        self.register_buffer("mean", torch.zeros(prototypes))

    @torch.no_grad()
    def forward(self, logits: Tensor, temperature: float) -> Tensor:
        target = ((logits - self.mean) / temperature).softmax(-1)
        self.mean.mul_(KEPT).add_(logits.flatten(0, -2).mean(0), alpha=1 - KEPT)
        return target


@torch.no_grad()
def sinkhorn(logits: Tensor, temperature: float, rounds: int = 3) -> Tensor:
    """Rows (N, K) of shares that sum to one, while each prototype gets about as much of all rows together."""
    share = (logits / temperature - (logits / temperature).max()).exp()
    for _ in range(rounds):
        share = share / share.sum(0, keepdim=True).clamp(min=1e-12) / share.shape[1]
        share = share / share.sum(1, keepdim=True).clamp(min=1e-12) / len(share)
    return share * len(share)


def agreement(target: Tensor, logits: Tensor) -> Tensor:
    """Cross-entropy (...) of logits (..., K) over the network's temperature with `target`."""
    return -(target * (logits / COLD).log_softmax(-1)).sum(-1)


def crossed(target: Tensor, logits: Tensor) -> Tensor:
    """Mean agreement of each of two views (2B, K), the first of all before the second, with the other's target."""
    return agreement(target.roll(len(target) // 2, 0), logits).mean()


def spread(z: Tensor) -> Tensor:
    """KoLeo: minus the mean log distance of each feature (N, D), on the sphere, to the nearest other one."""
    z = F.normalize(z, dim=1)
    with torch.no_grad():
        nearest = (z @ z.T).fill_diagonal_(-2).argmax(1)
    return -((z - z[nearest]).norm(dim=1) + 1e-8).log().mean()


def warmed(progress: float) -> float:
    """The slow copy's temperature: from 0.04 to 0.07 in the first three tenths."""
    return 0.04 + 0.03 * min(1.0, progress / 0.3)


def network(task: Task, *, patches: bool = False) -> Parts:
    """An encoder with prototypes for pictures, those for patches (`patch_head`) where wanted, and a slow copy."""
    encoder: Encoder = task.encoder()
    heads = {"head": Prototypes(encoder.width, task.hidden, task.projected)}
    if patches:
        heads["patch_head"] = Prototypes(encoder.width, task.hidden, task.projected)
    net = task.parts(encoder, centre=Centre(), patch_centre=Centre(), **heads)
    net.add_module("slow", frozen_copy(task.parts(encoder, **heads)))
    return net


def let_follow(net: Parts, start: float, progress: float) -> None:
    """Every part of the slow copy follows, keeping `start` of itself, growing to 1 along a cosine."""
    for name, part in net.slow.named_children():
        follow(part, getattr(net, name), slowness(start, progress))


def partly_hidden(many: int, places: int, generator: torch.Generator) -> Tensor:
    """(many, places): every second picture, as it falls, has 10 to 50 % of its places hidden, the others none."""
    share = (0.1 + 0.4 * torch.rand(many, 1, generator=generator)) * (torch.rand(many, 1, generator=generator) < 0.5)
    keys = torch.rand(many, places, generator=generator)
    return keys.argsort(1).argsort(1) < (share * places).round()


def per_picture(values: Tensor, hidden: Tensor) -> Tensor:
    """The mean of values (N, T) over each picture's hidden places, zero where none is, averaged over pictures."""
    return ((values * hidden).sum(1) / hidden.sum(1).clamp(min=1)).mean()
