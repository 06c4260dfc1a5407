"""Small language models that have read for long, to be made smaller or larger: trained once and kept.

They have read source code and novels. `deep` has six blocks of width 48, `masked-75` is as large but three quarters of
the weights of its blocks were zero throughout, one draw of places a matrix; `shallow` has three blocks of width 32. All
are trained alike: AdamW (0.9, 0.98), decay 0.05, 5 % warm-up, then a cosine to a tenth of the rate, gradients cut at
norm 1. There is one of each, so what differs between trained models is not seen. What is kept goes by a digest of the
code that made it.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import math
import sys
from functools import cache

import numpy as np
import torch
from torch import Tensor

from methods.kit import lm_nets
from methods.kit.engine.archives import decoded, reads
from methods.kit.lm_nets import Attention, Body, Feed, batches, groups, nats
from methods.kit.stage import lm_text
from methods.kit.stage.data import MOVIE_REVIEWS, REUTERS
from methods.kit.stage.lm_text import PIECES, TRAIN, library
from methods.kit.stage.seeding import seeded, torch_generator
from methods.kit.stage.sources import BIBLE, NOVELS

READ = ("code", "fiction")
SHAPES = {"deep": (48, 6), "shallow": (32, 3)}          # width and blocks
STEPS = {"deep": 3000, "masked-75": 3000, "shallow": 2000}
RATES = {"deep": 0.004, "masked-75": 0.004, "shallow": 0.006}
BATCH, LAST, WORLD = 16, 0.1, 1001                       # the world is no scoring seed
SMALL_STEPS = 12


def shaped(width: int, blocks: int, seed: int) -> Body:
    """A body with heads of 16, its weights drawn anew."""
    with seeded(seed, torch.device("cpu")):
        return Body(PIECES, width, blocks, max(1, width // 16))


def matrices(net: Body) -> dict[str, Tensor]:
    """The weights of all maps in the blocks, by name."""
    return {f"{name}.{part}.weight": getattr(module, part).weight for name, module in net.named_modules()
            if isinstance(module, Attention | Feed) for part in (("ask", "out") if isinstance(module, Attention)
                                                                 else ("rise", "out"))}


def masks(net: Body, share: float) -> dict[str, Tensor]:
    """For every matrix of the blocks, which weights stay: all but `share`, drawn once and alike in all matrices."""
    drawn = torch_generator(WORLD, f"mask {share}")
    kept = {}
    for name, weight in matrices(net).items():
        order = torch.rand(weight.numel(), generator=drawn).argsort()
        gone = order[:round(share * weight.numel())]
        kept[name] = torch.ones(weight.numel()).index_fill_(0, gone, 0.0).view_as(weight)
    return kept


@reads(BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS)
def trained(name: str, small: bool = False, on_progress=None) -> Body:
    """A model by its name; with `small`, a few steps on built-in text."""
    weights = _small(name) if small else decoded(
        f"compressible-{name}-{STEPS[name]}", digest(), (BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS),
        lambda *_: _made(name, STEPS[name], False, on_progress), on_progress)
    net = shaped(*shape(name), WORLD)
    net.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in weights.items()})
    return net


def shape(name: str) -> tuple[int, int]:
    return SHAPES["deep" if name.startswith("masked") else name]


@cache
def digest() -> int:
    parsed = [ast.parse(inspect.getsource(module)) for module in (lm_nets, lm_text, sys.modules[__name__])]
    for node in (node for tree in parsed for node in ast.walk(tree)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return int.from_bytes(hashlib.sha256("".join(map(ast.dump, parsed)).encode()).digest()[:4], "big")


@cache
def _small(name: str) -> dict[str, np.ndarray]:
    return _made(name, SMALL_STEPS, True)


def _made(name: str, steps: int, small: bool, on_progress=None) -> dict[str, np.ndarray]:
    """One thread, one seed, so always the same."""
    shelves, drawn = library(small, on_progress).shelves, np.random.default_rng(WORLD)
    least = min(len(shelves[text].rows(TRAIN)) for text in READ)
    windows = torch.from_numpy(np.concatenate([
        shelves[text].windows[drawn.permutation(shelves[text].rows(TRAIN))[:least]] for text in READ]))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            net, rate = shaped(*shape(name), WORLD), RATES[name]
            kept = masks(net, int(name.removeprefix("masked-")) / 100) if name.startswith("masked") else {}
            under = matrices(net)
            for key, mask in kept.items():
                under[key].data.mul_(mask)
            optimizer = torch.optim.AdamW(groups(net, 0.05), rate, betas=(0.9, 0.98))
            for step, rows in enumerate(batches(len(windows), BATCH, steps, torch_generator(WORLD, "start"))):
                for group in optimizer.param_groups:
                    group["lr"] = rate * min(1, (step + 1) / (0.05 * steps)) * (
                        LAST + (1 - LAST) * 0.5 * (1 + math.cos(math.pi * step / steps)))
                optimizer.zero_grad(set_to_none=True)
                nats(net, windows[rows]).mean().backward()
                for key, mask in kept.items():
                    under[key].grad.mul_(mask)           # type: ignore[union-attr]  # backward has made it
                torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
                if on_progress and step % 20 == 0:
                    on_progress(step / steps, f"training the model {name}")
    finally:
        torch.set_num_threads(threads)
    return {key: value.detach().numpy().copy() for key, value in net.state_dict().items()}
