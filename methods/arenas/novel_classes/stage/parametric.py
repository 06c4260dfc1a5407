"""SimGCD's losses: a contrast of views with and without names, and a classifier that teaches itself."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.novel_classes.stage.nets import TAU, Net, supervised_contrast
from methods.arenas.novel_classes.stage.task import Task

NAMED = 0.35                        # weight of the losses with names; the others have the rest
WARM, SHARP = 0.07, 0.04            # temperatures of what teaches, the first falls to the second
FALLS = 0.15                        # share of the steps in which it falls


def projector(width: int) -> nn.Module:
    """The layers on which views are contrasted."""
    return nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, 2 * width), nn.GELU(),
                         nn.Linear(2 * width, width))


def representation(p: Tensor, p2: Tensor, y: Tensor) -> Tensor:
    """Of projections (B + M, W) of both views, the first B with names y."""
    z = F.normalize(torch.cat([p, p2]), dim=1)
    similar = (z @ z.T).masked_fill(torch.eye(len(z), dtype=torch.bool, device=z.device), -torch.inf)
    free = F.cross_entropy(similar, torch.arange(len(z), device=z.device).roll(len(p)))
    named = supervised_contrast(torch.cat([p[:len(y)], p2[:len(y)]]), y.repeat(2))
    return (1 - NAMED) * free + NAMED * named


def classification(f: Tensor, f2: Tensor, y: Tensor, progress: float, spread: float) -> Tensor:
    """Of cosines (B + M, K) of both views: each view's sharpened answer teaches the other, answers are to be of all
    kinds by `spread`, and names are learnt."""
    tau = WARM + (SHARP - WARM) * min(1.0, progress / FALLS)
    one, other = (-((a.detach() / tau).softmax(1) * (b / TAU).log_softmax(1)).sum(1).mean()
                  for a, b in ((f, f2), (f2, f)))
    taught = (one + other) / 2
    mean = (torch.cat([f, f2]) / TAU).softmax(1).mean(0)
    entropy = -(mean * mean.clamp(min=1e-12).log()).sum()
    named = F.cross_entropy(torch.cat([f[:len(y)], f2[:len(y)]]) / TAU, y.repeat(2))
    return (1 - NAMED) * (taught - spread * entropy) + NAMED * named


def whole(net: Net, head: nn.Module, x: Tensor, x2: Tensor, y: Tensor, task: Task, spread: float) -> Tensor:
    """The sum of both for two views (B + M, D), the first B with names y."""
    z = net(torch.cat([x, x2]))
    p, p2 = head(z).chunk(2)
    f, f2 = net.both(z).chunk(2)
    return representation(p, p2, y) + classification(f, f2, y, task.progress, spread)
