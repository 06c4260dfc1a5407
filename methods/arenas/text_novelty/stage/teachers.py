"""Language models tuned to what is normal, once, and kept: they have read other text before.

What has read is the model of width 48 and two blocks of `lm_ladder` after 1,200 steps on fiction, reviews, news and
code. It is tuned for 150 steps of 16 windows of the normal text, AdamW (0.9, 0.98) at 3e-3, 5 % warm-up, then a cosine
to a tenth. There are three, and the seed takes one.
"""

from __future__ import annotations

import sys
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from methods.kit import lm_nets
from methods.kit.engine.archives import decoded, reads
from methods.kit.lm_nets import Body, groups, nats
from methods.kit.stage import data as datasets
from methods.kit.stage import lm_ladder, lm_text
from methods.kit.stage.lm_ladder import fresh, ladder
from methods.kit.stage.lm_text import TRAIN, library
from methods.kit.stage.seeding import seeded, torch_generator
from methods.kit.stage.sources import BIBLE, NOVELS
from methods.kit.stage.word_models import digest, schedule, weights_of

WORLDS, STEPS, BATCH, RATE = 3, 150, 16, 3e-3
WIDTH, BLOCKS = 48, 2
SOURCES = (BIBLE, NOVELS, datasets.MOVIE_REVIEWS, datasets.REUTERS)


def blank(seed: int, small: bool = False) -> Body:
    """A model that has read nothing."""
    return fresh(8, 1, seed) if small else fresh(WIDTH, BLOCKS, seed)


@reads(*SOURCES)
def reader(world: int, small: bool = False, on_progress=None) -> Body:
    """A model that has read other text."""
    rungs = ladder(world, small, on_progress)
    width, blocks = (8, 1) if small else (WIDTH, BLOCKS)
    able = [rung for rung in rungs if (rung.width, rung.blocks) == (width, blocks)]
    return max(able, key=lambda rung: rung.steps).net()


@reads(*SOURCES)
def tuned(world: int, normal: str, small: bool = False, on_progress=None) -> Body:
    """The model that has read other text, tuned to the normal one."""
    weights = _small(world, normal) if small else decoded(
        f"novelty-{normal}-{world}", digest(lm_nets, lm_text, lm_ladder, sys.modules[__name__]), SOURCES,
        lambda *_: _made(world, normal, False, on_progress), on_progress)
    net = blank(0, small)
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    return net


@cache
def _small(world: int, normal: str) -> dict[str, np.ndarray]:
    return _made(world, normal, True)


def _made(world: int, normal: str, small: bool, on_progress=None) -> dict[str, np.ndarray]:
    shelf = library(small, on_progress).shelves[normal]
    windows = torch.from_numpy(shelf.windows[shelf.rows(TRAIN)])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with seeded(world, torch.device("cpu")):
            net = reader(world, small, on_progress)
            train(net, windows, 5 if small else STEPS, RATE, torch_generator(world, f"tuned {normal}"))
    finally:
        torch.set_num_threads(threads)
    return weights_of(net)


def train(net: Body, windows: Tensor, steps: int, rate: float, drawn: torch.Generator, loss=None) -> float:
    """Steps on batches of windows drawn anew; `loss` of a batch is by default that of the next piece. The last loss."""
    value = windows.new_zeros(())
    with torch.enable_grad():
        optimizer = torch.optim.AdamW(groups(net, 0.05), rate, betas=(0.9, 0.98))
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = rate * schedule(step, steps)
            rows = torch.randint(len(windows), (BATCH,), generator=drawn).to(windows.device)
            value = loss(windows[rows].long()) if loss else nats(net, windows[rows]).mean()
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
    return value.item()
