"""Attention to a few of many keys: sorted blocks, sampled columns, and their sum by halves."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from methods.arenas.long_context.stage.reading import Scene

Part = tuple[Tensor, Tensor]         # (…, T, d) a softmax mean, and (…, T, 1) the log of its denominator


def told(q: Tensor, k: Tensor, v: Tensor, open_: Tensor | None = None) -> Part:
    """Softmax attention of scaled queries, and the log of the sum of its weights."""
    score = q @ k.transpose(-1, -2)
    if open_ is not None:
        score = score.masked_fill(~open_, -1e9)
    return score.softmax(-1) @ v, score.logsumexp(-1, keepdim=True)


def added(a: Part, b: Part) -> Part:
    """Two attentions over different keys as one over all of them.

    >>> one = torch.ones(1, 1)
    >>> [round(x.item(), 4) for x in added((0 * one, 0 * one), (3 * one, math.log(2) * one))]     # weights 1 and 2
    [2.0, 1.0986]
    """
    share = torch.sigmoid(b[1] - a[1])
    return a[0] + share * (b[0] - a[0]), torch.logaddexp(a[1], b[1])


def gray(bits: int) -> Tensor:
    """(2^bits,) the place of each code in an order in which neighbours differ in one bit, as the paper has it; its
    code, from three bits on, has the inverse.

    >>> gray(2).tolist()
    [0, 1, 3, 2]
    """
    order = torch.zeros(1, dtype=torch.long)
    for bit in range(bits):
        order = torch.cat([order, order.flip(0) + 2 ** bit])
    return order.argsort()


def bucket(x: Tensor, directions: Tensor) -> Tensor:
    """(…, T) the place of x's code: on which side of each direction (d, bits) it lies."""
    code = ((x @ directions > 0) * 2 ** torch.arange(directions.shape[1], device=x.device)).sum(-1)
    return gray(directions.shape[1]).to(x.device)[code]


def _taken(x: Tensor, rows: Tensor) -> Tensor:
    return x.gather(2, rows[..., None].expand(*rows.shape, x.shape[-1]))


def across(q: Tensor, k: Tensor, v: Tensor, block: int, sampled: int, scene: Scene, bits: int = 7) -> Part:
    """All queries (B, h, T, d) with all keys, not causal: exact in blocks of T after both are sorted by bucket, and for
    the rest by keys drawn at random, each for T / sampled of them; no blocks where `block` is 0."""
    n = k.shape[2]
    at: Tensor = torch.arange(n, device=q.device)
    back = None
    near: Part | None = None
    if block:
        directions = torch.randn(q.shape[-1], bits, generator=scene.generator).to(q.device)
        asked, held = (bucket(x, directions).sort(stable=True, dim=-1)[1] for x in (q, k))
        back = asked.argsort(-1)
        q, k, v = _taken(q, asked), _taken(k, held), _taken(v, held)
        split = [x.unflatten(2, (-1, block)) for x in (q, k, v)]
        mean, weight = told(*split)
        near = mean.flatten(2, 3), weight.flatten(2, 3)
        scene.count(float(n * block), 0)
    drawn = torch.randint(n, (q.shape[0], q.shape[1], sampled), generator=scene.generator).to(q.device)
    other = (at[:, None] // block != drawn[:, :, None] // block) if block else None
    mean, weight = told(q, _taken(k, drawn), _taken(v, drawn), other)
    scene.count(float(n * sampled), 0)
    part = mean, weight + math.log(n / sampled)
    if near is not None and back is not None:
        part = added(near, part)
        part = _taken(part[0], back), _taken(part[1], back)
    return part


def halved(q: Tensor, k: Tensor, v: Tensor, least: int, block: int, sampled: int, scene: Scene) -> Part:
    """Causal: exact for texts of `least`, else each half for itself, and the later half with the earlier."""
    n = q.shape[2]
    if n <= least:
        scene.count(n * (n + 1) / 2, n)
        at = torch.arange(n, device=q.device)
        return told(q, k, v, at[:, None] >= at)
    half = n // 2
    first = halved(*(x[:, :, :half] for x in (q, k, v)), least, block, sampled, scene)
    second = halved(*(x[:, :, half:] for x in (q, k, v)), least, block, sampled, scene)
    second = added(second, across(q[:, :, half:], k[:, :, :half], v[:, :, :half], block, sampled, scene))
    return torch.cat([first[0], second[0]], 2), torch.cat([first[1], second[1]], 2)
