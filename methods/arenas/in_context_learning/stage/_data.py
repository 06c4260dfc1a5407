"""Drawings as principal components, of kinds to learn from and of kinds that are asked; functions for numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.in_context_learning.stage.sizes import WAYS
from methods.kit.stage.arena import Trial
from methods.kit.stage.drawings import Kinds, drawings

SIDE = 14


@dataclass(frozen=True)
class ContextData:
    """Drawings `x` (N, D) of kinds `y` (N,) to learn from, `told_x`, `told_y` of the kinds that are asked (for upper
    bounds). Test episodes: `context` (E, K, D) with classes `given` (E, K), and `queries` (E, Q, D) with `answers`
    (E, Q). In `regression` x and y are empty, and classes are fifths of a number, low to high."""

    x: Tensor
    y: Tensor
    told_x: Tensor
    told_y: Tensor
    context: Tensor
    given: Tensor
    queries: Tensor
    answers: Tensor


def context_data(trial: Trial) -> ContextData:
    o = trial.options
    return _numbers(trial) if o.numbers else _drawings(trial)


def _drawings(trial: Trial) -> ContextData:
    o, rng = trial.options, trial.numpy("kinds")
    learnt, asked = drawings(rng, (o.kinds, o.asked_kinds), (o.each, o.each), o.small, trial.progress)
    basis = components(small(learnt), o.width_in)
    x, z = basis(small(learnt)), basis(small(asked))
    half = torch.from_numpy(rng.permutation(len(asked))) % 2 == 0
    test = Kinds(z[half], asked.y[half])
    drawn = trial.generator("test")
    seen, given = episodes(test.x, test.y, o.tests, o.shots, o.queries, drawn)
    k = o.shots * WAYS
    return ContextData(*(t.to(trial.device) for t in (
        x, learnt.y, z[~half], asked.y[~half], seen[:, :k], given[:, :k], seen[:, k:], given[:, k:])))


def small(kinds: Kinds) -> Tensor:
    return F.adaptive_avg_pool2d(kinds.x, min(SIDE, kinds.x.shape[-1])).flatten(1)


def components(x: Tensor, many: int):
    """Principal components of x (N, P), brought to deviation 1; what maps others to them."""
    mean = x.mean(0)
    values, vectors = torch.linalg.eigh((x - mean).T @ (x - mean) / len(x))
    to = vectors[:, -many:] / values[-many:].clamp(min=1e-6).sqrt() ** 0.5
    scale = ((x - mean) @ to).std()
    return lambda seen: (seen - mean) @ to / scale


def episodes(x: Tensor, y: Tensor, many: int, shots: int, queries: int, drawn: torch.Generator
             ) -> tuple[Tensor, Tensor]:
    """(E, K + Q, D) drawings and (E, K + Q) classes 0..4: five kinds an episode, first `shots` of each in mixed order,
    then `queries`, of any of the five."""
    counts = y.bincount()
    order, starts = y.argsort(stable=True), counts.cumsum(0) - counts
    kinds = torch.rand(many, len(counts), generator=drawn).to(x.device).topk(WAYS, 1).indices
    lots = torch.rand(many, WAYS, int(counts.max()), generator=drawn).to(x.device)
    lots = lots.masked_fill(torch.arange(lots.shape[2], device=x.device) >= counts[kinds][..., None], -1)
    of = starts[kinds][..., None] + lots.topk(shots + queries, 2).indices
    mixed = torch.rand(many, WAYS * shots, generator=drawn).argsort(1).to(x.device)
    classes = torch.arange(WAYS, device=x.device)[:, None].expand(WAYS, shots + queries)
    first = order[of[..., :shots].flatten(1).gather(1, mixed)]
    named = classes[:, :shots].flatten()[mixed]
    asked = torch.rand(many, WAYS * queries, generator=drawn).argsort(1)[:, :queries].to(x.device)
    last = order[of[..., shots:].flatten(1).gather(1, asked)]
    return x[torch.cat([first, last], 1)], torch.cat([named, classes[:, shots:].flatten()[asked]], 1)


def functions(many: int, points: int, width: int, drawn: torch.Generator) -> tuple[Tensor, Tensor]:
    """(E, n, D) points and (E, n) fifths of a random function's values: straight, or a small network's, by halves."""
    x = 2 * torch.rand(many, points, width, generator=drawn) - 1
    use = (torch.rand(many, 1, width, generator=drawn) < 0.6).float()
    flat = (x * use @ torch.randn(many, width, 1, generator=drawn))[..., 0]
    inner = torch.randn(many, width, 16, generator=drawn)
    bent = (torch.tanh(x * use @ inner + torch.randn(many, 1, 16, generator=drawn))
            @ torch.randn(many, 16, 1, generator=drawn))[..., 0]
    value = torch.where(torch.rand(many, 1, generator=drawn) < 0.5, flat, bent)
    return x, fifths(value + 0.05 * value.std(1, keepdim=True) * torch.randn(many, points, generator=drawn))


def fifths(value: Tensor) -> Tensor:
    """Which fifth of its row each value is in.

    >>> fifths(torch.tensor([[3.0, 1.0, 2.0, 5.0, 4.0]])).tolist()
    [[2, 0, 1, 4, 3]]
    """
    return value.argsort(1).argsort(1) * WAYS // value.shape[1]


def friedman(x: Tensor, which: int) -> Tensor:
    """Friedman's functions of points (..., >= 5) in -1..1, first brought to 0..1 and to their ranges.

    >>> friedman(torch.zeros(1, 5), 0).round(decimals=2).tolist()         # 10 sin(pi/4) + 0 + 5 + 2.5
    [14.57]
    """
    u = (x + 1) / 2
    if which == 0:
        return (10 * torch.sin(math.pi * u[..., 0] * u[..., 1]) + 20 * (u[..., 2] - 0.5) ** 2 + 10 * u[..., 3]
                + 5 * u[..., 4])
    a, b, c, d = 100 * u[..., 0], 40 * math.pi + 520 * math.pi * u[..., 1], u[..., 2], 1 + 10 * u[..., 3]
    inner = b * c - 1 / (b * d)
    return (a ** 2 + inner ** 2).sqrt() if which == 1 else torch.atan(inner / a.clamp(min=1e-3))


def _numbers(trial: Trial) -> ContextData:
    """Episodes of Friedman's three functions, a third each; classes are fifths over context and queries."""
    o, drawn = trial.options, trial.generator("test")
    n = o.shots * WAYS + o.queries
    x = 2 * torch.rand(o.tests, n, o.width_in, generator=drawn) - 1
    order = torch.stack([torch.randperm(o.width_in, generator=drawn) for _ in range(o.tests)])
    turned = x.gather(2, order[:, None].expand(-1, n, -1))
    which = torch.arange(o.tests) % 3
    value = torch.stack([friedman(turned, i) for i in range(3)])[which, torch.arange(o.tests)]
    y, k, none = fifths(value), o.shots * WAYS, torch.zeros(0, dtype=torch.long)
    return ContextData(*(t.to(trial.device) for t in (
        torch.zeros(0, o.width_in), none, torch.zeros(0, o.width_in), none, x[:, :k], y[:, :k], x[:, k:], y[:, k:])))


__all__ = ["ContextData", "components", "context_data", "episodes", "fifths", "friedman", "functions"]
