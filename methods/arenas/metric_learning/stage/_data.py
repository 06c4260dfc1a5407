"""Drawings to learn from, to validate on and to ask about, in the looks that a setting wants."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.stage.arena import Trial
from methods.kit.stage.drawings import Kinds, drawings

LOOKS = ("plain", "inverted", "thick", "thin")


@dataclass(frozen=True)
class MetricData:
    """`train` with its labels (wrong ones among them where the setting has them), `val` of other kinds, `test` of yet
    others. `bound` are other drawings of the kinds in the test, for the upper bound. `bad` (N,) says which drawings of
    the test are degraded."""

    train: Kinds
    val: Kinds
    bound: Kinds
    test: Kinds
    bad: Tensor


def metric_data(trial: Trial) -> MetricData:
    o = trial.options
    train, val, test = drawings(trial.numpy("kinds"), o.kinds, o.each, o.small, trial.progress)
    place = torch.arange(len(test)) % o.each[2] < o.each[2] // 2              # half of each kind is the bound's
    bound, asked = Kinds(test.x[place], test.y[place]), Kinds(test.x[~place], test.y[~place])
    noise, bad = trial.generator("looks"), torch.zeros(len(asked), dtype=torch.bool)
    if o.wrong:
        other = torch.randint(len(train.y), (len(train.y),), generator=noise)
        swap = torch.rand(len(train.y), generator=noise) < o.wrong
        train = Kinds(train.x, torch.where(swap, train.y[other], train.y))
    if o.unlabelled:
        train = Kinds(train.x, clusters(F.adaptive_avg_pool2d(train.x, 7).flatten(1), o.kinds[0], noise))
    if o.degraded:
        parts = []
        for part in (train, val, bound, asked):
            bad = torch.rand(len(part), generator=noise) < 0.5
            x = part.x.clone()
            x[bad] = worse(part.x[bad], noise)
            parts.append(Kinds(x, part.y))
        train, val, bound, asked = parts
    if o.styled:
        seen = torch.randint(3, (len(train),), generator=noise)
        x = train.x.clone()
        for i, look in enumerate(LOOKS[:3]):
            x[seen == i] = drawn_in(train.x[seen == i], look)
        train = Kinds(x, train.y)
        val, bound, asked = (Kinds(drawn_in(part.x, LOOKS[3]), part.y) for part in (val, bound, asked))
    device = trial.device
    train, val, bound, asked = (Kinds(part.x.to(device), part.y.to(device)) for part in (train, val, bound, asked))
    return MetricData(train, val, bound, asked, bad.to(device))


def clusters(x: Tensor, many: int, generator: torch.Generator, rounds: int = 8) -> Tensor:
    """k-means: which of `many` clusters each row (N, D) is in, numbered without gaps."""
    centres = x[torch.randperm(len(x), generator=generator)[:many]]
    for _ in range(rounds):
        nearest = torch.cat([torch.cdist(part, centres).argmin(1) for part in x.split(5000)])
        sums = torch.zeros_like(centres).index_add_(0, nearest, x)
        sizes = nearest.bincount(minlength=len(centres))[:, None]
        centres = torch.where(sizes > 0, sums / sizes.clamp(min=1), centres)
    return nearest.unique(return_inverse=True)[1]


def worse(x: Tensor, generator: torch.Generator) -> Tensor:
    """Each drawing (N, 1, H, W) in turn blurred to a quarter of its side, half covered, or under noise."""
    side, way = x.shape[-1], torch.arange(len(x)) % 3
    blurred = F.interpolate(F.adaptive_avg_pool2d(x, side // 4), (side, side), mode="bilinear", align_corners=False)
    start = torch.randint(0, side // 2, (len(x), 1, 1, 1), generator=generator)
    columns = torch.arange(side)[None, None, None]
    covered = x * ~((columns >= start) & (columns < start + side // 2))
    noisy = (x + 0.5 * torch.randn(x.shape, generator=generator)).clamp(0, 1)
    return torch.stack([blurred, covered, noisy])[way, torch.arange(len(x))]


def drawn_in(x: Tensor, look: str) -> Tensor:
    """Drawings in another look: inverted, with thicker or thinner strokes."""
    if look == "inverted":
        return 1 - x
    if look == "thick":
        return F.max_pool2d(x, 3, 1, 1)
    if look == "thin":
        return 0.6 * (x - F.avg_pool2d(x, 3, 1, 1)).clamp(min=0) + 0.2
    return x
