"""Long texts for small language models, joined from windows of one document, and models that have read such texts.

A long start is a start of `lm_starts` that reads texts of 520 pieces for some more steps, documents in a mixed order
one after another, its rotary positions turning slower (base 500,000 in place of 10,000).
"""

from __future__ import annotations

import ast
import inspect
import math
import sys
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.engine.archives import decoded, reads
from methods.kit.lm_nets import Body, groups, nats
from methods.kit.stage import lm_starts
from methods.kit.stage.data import MOVIE_REVIEWS, REUTERS
from methods.kit.stage.lm_starts import WORLDS, blank, start
from methods.kit.stage.lm_text import TRAIN, Shelf, library
from methods.kit.stage.seeding import numpy_generator
from methods.kit.stage.sources import BIBLE, NOVELS

NAMES = ("fiction", "bible-en", "reviews", "news")
WINDOWS = 8                         # of 65 pieces, in a long text
BASE, SLOW = 10_000.0, 500_000.0    # of rotary positions, at first and for long texts
STEPS, RATE = 240, 0.005


def turned(x: Tensor, at: Tensor, base: float = BASE) -> Tensor:
    """(…, T, d) with each pair of halves turned by angles that grow with the place `at` (T,)."""
    half = x.shape[-1] // 2
    angle = at[:, None] * base ** (-torch.arange(half, device=x.device) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], -1)


class Open(nn.Module):
    """An attention layer whose queries, keys and values (B, heads, T, d), not yet turned, go through `attend`."""

    def __init__(self, layer: nn.Module, attend: Callable[[Tensor, Tensor, Tensor], Tensor]):
        super().__init__()
        self.ask, self.out, self.heads, self.attend = layer.ask, layer.out, layer.heads, attend

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.ask(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # type: ignore[operator]
        return self.out(self.attend(q, k, v).transpose(1, 2).flatten(2))  # type: ignore[operator]


def opened(net: Body, attend: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Body:
    """The same weights, attending as they are told."""
    for block in net.blocks:
        block.mixer = Open(block.mixer, attend)  # type: ignore[arg-type]
    return net


def slow_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention with slowly turning positions."""
    at = torch.arange(q.shape[2], device=q.device)
    return F.scaled_dot_product_attention(turned(q, at, SLOW), turned(k, at, SLOW), v, is_causal=True)


def documents(shelf: Shelf, part: int) -> list[np.ndarray]:
    """The windows (n, 65) of each document of a part that lie side by side."""
    rows = shelf.rows(part)
    breaks = np.flatnonzero((np.diff(shelf.documents[rows]) != 0) | (np.diff(rows) != 1)) + 1
    return [shelf.windows[some] for some in np.split(rows, breaks)]


def long_texts(shelf: Shelf, part: int, windows: int = WINDOWS) -> np.ndarray:
    """(N, 65 * windows) texts, each of one document, none twice."""
    found = [each[at:at + windows].reshape(-1) for each in documents(shelf, part)
             for at in range(0, len(each) - windows + 1, windows)]
    return np.stack(found) if found else np.zeros((0, windows * shelf.windows.shape[1]), np.int16)


def packed(some: list[np.ndarray], many: int, windows: int, rng: np.random.Generator,
           weights: np.ndarray | None = None) -> np.ndarray:
    """(many, 65 * windows) texts: documents, drawn by `weights` (else all alike), one after another, then cut.

    >>> docs = [np.full((1, 2), 7), np.full((3, 2), 8)]
    >>> packed(docs, 1, 2, np.random.default_rng(0), np.array([0.0, 1.0])).tolist()
    [[8, 8, 8, 8]]
    """
    share = None if weights is None else weights / weights.sum()
    parts, size = [], 0
    while size < many * windows:
        parts.append(some[rng.choice(len(some), p=share)])
        size += len(parts[-1])
    return np.concatenate(parts)[:many * windows].reshape(many, -1)


def train(net: Body, batch: Callable[[int], Tensor], steps: int, rate: float,
          tell: Callable[[int, float], None] | None = None) -> Body:
    """Steps of AdamW with a tenth of warm-up and a cosine, gradients cut at norm 1."""
    optimizer = torch.optim.AdamW(groups(net, 0.05), rate, betas=(0.9, 0.98))
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (step + 1) / (0.1 * steps)) * (
                0.1 + 0.45 * (1 + math.cos(math.pi * step / steps)))
        loss = nats(net, batch(step)).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if tell:
            tell(step + 1, loss.item())
    return net


@reads(BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS)
def long_start(size: str, read: int, seed: int, small: bool = False, on_progress=None) -> Body:
    """A start that has read long texts as well; to be opened with `slow_attention` or what is like it."""
    world = seed % WORLDS
    if small:
        weights = _small(size, read, world)
    else:
        weights = decoded(f"lm-long-{size}-{read}-{world}", _digest(), (BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS),
                          lambda *_: _made(size, read, world, False, on_progress), on_progress)
    net = blank(size, world)
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    return net


@cache
def _small(size: str, read: int, world: int) -> dict[str, np.ndarray]:
    return _made(size, read, world, True)


@cache
def _digest() -> int:
    tree = ast.parse(inspect.getsource(sys.modules[__name__]))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return (lm_starts.digest() + hash_of(ast.dump(tree))) % 2 ** 32


def hash_of(text: str) -> int:
    """The same number for the same text in every process."""
    return int.from_bytes(text.encode(), "big") % (2 ** 31 - 1)


def _made(size: str, read: int, world: int, small: bool, on_progress=None) -> dict[str, np.ndarray]:
    shelves, rng, steps = library(small, on_progress).shelves, numpy_generator(world, "long"), 2 if small else STEPS
    windows = 2 if small else WINDOWS
    texts = np.concatenate([packed(documents(shelves[name], TRAIN), steps, windows, rng) for name in NAMES])
    order = torch.from_numpy(texts.reshape(len(NAMES), steps, -1).swapaxes(0, 1).copy()).long()
    net = opened(start(NAMES, size, read, world, small, on_progress), slow_attention)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            train(net, lambda step: order[step], steps, RATE,
                  lambda step, _: on_progress(step / steps, "reading long texts") if on_progress else None)
    finally:
        torch.set_num_threads(threads)
    return {name: value.detach().numpy().copy() for name, value in net.state_dict().items()}
