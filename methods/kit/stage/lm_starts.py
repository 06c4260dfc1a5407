"""Small language models that have read: trained once on the training documents of some sources, and kept.

Each is trained in three worlds (first weights and order of windows); a run at seed s begins with world s mod 3, so runs
of several seeds share one, and what differs between starts is seen less often than the seeds suggest. AdamW (0.9,
0.98), decay 0.05, 5 % warm-up, then a cosine to a tenth of the rate, gradients cut at norm 1. What is kept goes by a
digest of the code that made it.
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

from methods.kit import lm_nets
from methods.kit.engine.archives import decoded, reads
from methods.kit.lm_nets import Body, batches, body, groups, nats
from methods.kit.stage import lm_text
from methods.kit.stage.data import MOVIE_REVIEWS, REUTERS
from methods.kit.stage.lm_text import PIECES, TRAIN, library
from methods.kit.stage.seeding import seeded, torch_generator
from methods.kit.stage.sources import BIBLE, NOVELS

WORLDS, BATCH = 3, 16
RATES = {"narrow": 0.01, "tiny": 0.01, "small": 0.005, "base": 0.004, "deep": 0.004, "parent": 0.003}
LAST = 0.1              # of the rate, at the end


@reads(BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS)
def start(names: tuple[str, ...], size: str, steps: int, seed: int, small: bool = False, on_progress=None) -> Body:
    """A model of a named size after so many steps on the named sources, equally many windows of each."""
    world = seed % WORLDS
    if small:
        weights = _small(names, size, steps, world)
    else:
        weights = decoded(f"lm-start-{'-'.join(names)}-{size}-{steps}-{world}", digest(),
                          (BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS),
                          lambda *_: _made(names, size, steps, world, False, on_progress), on_progress)
    net = blank(size, world)
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    return net


def blank(size: str, seed: int) -> Body:
    """The model before it has read anything."""
    with seeded(seed, torch.device("cpu")):
        return body(size, PIECES)


@cache
def digest() -> int:
    parsed = [ast.parse(inspect.getsource(module)) for module in (lm_nets, lm_text, sys.modules[__name__])]
    for node in (node for tree in parsed for node in ast.walk(tree)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return int.from_bytes(hashlib.sha256("".join(map(ast.dump, parsed)).encode()).digest()[:4], "big")


@cache
def _small(names: tuple[str, ...], size: str, steps: int, world: int) -> dict[str, np.ndarray]:
    return _made(names, size, steps, world, True)


def _made(names, size: str, steps: int, world: int, small: bool, on_progress=None) -> dict[str, np.ndarray]:
    """One thread, one seed, so always the same."""
    shelves, drawn = library(small, on_progress).shelves, np.random.default_rng(world)
    least = min(len(shelves[name].rows(TRAIN)) for name in names)
    windows = torch.from_numpy(np.concatenate([
        shelves[name].windows[drawn.permutation(shelves[name].rows(TRAIN))[:least]] for name in names]))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            net, rate = blank(size, world), RATES[size]
            optimizer = torch.optim.AdamW(groups(net, 0.05), rate, betas=(0.9, 0.98))
            for step, rows in enumerate(batches(len(windows), BATCH, steps, torch_generator(world, "start"))):
                for group in optimizer.param_groups:
                    group["lr"] = rate * min(1, (step + 1) / (0.05 * steps)) * (
                        LAST + (1 - LAST) * 0.5 * (1 + math.cos(math.pi * step / steps)))
                optimizer.zero_grad(set_to_none=True)
                nats(net, windows[rows]).mean().backward()
                torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
                if on_progress and step % 20 == 0:
                    on_progress(step / steps, "training a language model to start from")
    finally:
        torch.set_num_threads(threads)
    return {name: value.detach().numpy().copy() for name, value in net.state_dict().items()}
