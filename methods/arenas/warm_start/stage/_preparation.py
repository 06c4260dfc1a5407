"""What is learnt ahead, once, and kept: a learngene, and networks that predict weights of others.

Steps ahead are not charged, and are as many for all: `AHEAD` of 8 windows of the text that sources have read.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import math
import sys
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import functional_call

from methods.arenas.warm_start.stage import predicting
from methods.arenas.warm_start.stage.predicting import ARCHITECTURES, KINDS, Predictor, expanded, made_of
from methods.kit.engine.archives import decoded
from methods.kit.lm_nets import Body, batches
from methods.kit.stage.compressible_models import READ, WORLD, shaped, trained
from methods.kit.stage.compressible_models import digest as models_digest
from methods.kit.stage.data import MOVIE_REVIEWS, REUTERS
from methods.kit.stage.lm_text import TRAIN, library
from methods.kit.stage.seeding import numpy_generator, seeded, torch_generator
from methods.kit.stage.sources import BIBLE, NOVELS

AHEAD, BATCH, WIDTH, DEPTH = 400, 8, 32, 6
SMALL = 6                       # steps ahead in a rehearsal
RATE = 0.004


def learngene(small: bool, on_progress=None) -> dict[str, Tensor]:
    """theta_A, theta_B and what surrounds blocks, learnt as a network of six blocks."""
    return _kept("learngene", _learngene, small, on_progress)


def predictors(small: bool, on_progress=None) -> dict[str, dict[str, Tensor]]:
    return {kind: _kept(kind, lambda small, told, kind=kind: _predictor(kind, small, told), small, on_progress)
            for kind in KINDS}


def _kept(name: str, make: Callable, small: bool, on_progress) -> dict[str, Tensor]:
    if small:
        return _small(name)
    found = decoded(f"warm-start-{name}-{AHEAD}", _digest(), (BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS),
                    lambda *_: make(False, on_progress), on_progress)
    return {key: torch.from_numpy(np.array(value)) for key, value in found.items()}


@cache
def _small(name: str) -> dict[str, Tensor]:
    made = _learngene(True, None) if name == "learngene" else _predictor(name, True, None)
    return {key: torch.from_numpy(value) for key, value in made.items()}


@cache
def _digest() -> int:
    text = "".join(ast.dump(ast.parse(inspect.getsource(module))) for module in (predicting, sys.modules[__name__]))
    return int.from_bytes(hashlib.sha256(f"{text}{models_digest()}".encode()).digest()[:4], "big")


def _windows(small: bool, on_progress) -> Tensor:
    shelves, drawn = library(small, on_progress).shelves, numpy_generator(WORLD, "ahead")
    least = min(len(shelves[text].rows(TRAIN)) for text in READ)
    return torch.from_numpy(np.concatenate([
        shelves[text].windows[drawn.permutation(shelves[text].rows(TRAIN))[:least]] for text in READ]))


def _ahead(learnt: list[Tensor], loss: Callable[[Tensor], Tensor], small: bool, name: str, on_progress) -> None:
    windows, steps = _windows(small, on_progress), SMALL if small else AHEAD
    size = 2 if small else BATCH
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            optimizer = torch.optim.AdamW(learnt, RATE, betas=(0.9, 0.98), weight_decay=0.01)
            for step, rows in enumerate(batches(len(windows), size, steps, torch_generator(WORLD, name))):
                for group in optimizer.param_groups:
                    group["lr"] = RATE * min(1, (step + 1) / (0.05 * steps)) * (
                        0.1 + 0.45 * (1 + math.cos(math.pi * step / steps)))
                optimizer.zero_grad(set_to_none=True)
                loss(windows[rows].long()).backward()
                torch.nn.utils.clip_grad_norm_(learnt, 1.0)
                optimizer.step()
                if on_progress and step % 20 == 0:
                    on_progress(step / steps, f"learning {name} ahead")
    finally:
        torch.set_num_threads(threads)


def _learngene(small: bool, on_progress) -> dict[str, np.ndarray]:
    """CE + KL to the teacher, half and half."""
    net, teacher = shaped(WIDTH, DEPTH, WORLD), trained("shallow", small, on_progress).requires_grad_(False)
    state = net.state_dict()
    learnt = {name: value.clone() for name, value in state.items() if not name.startswith("blocks.")}
    for name, value in state.items():
        if name.startswith("blocks.0."):
            learnt[f"b.{name[9:]}"], learnt[f"a.{name[9:]}"] = value.clone(), torch.zeros_like(value)
    for value in learnt.values():
        value.requires_grad_(True)

    def loss(windows: Tensor) -> Tensor:
        logits = functional_call(net, expanded(learnt, DEPTH), (windows[:, :-1],))
        taught = teacher(windows[:, :-1]).log_softmax(-1)
        apart = F.kl_div(logits.log_softmax(-1), taught, reduction="none", log_target=True).sum(-1).mean()
        return (F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten()) + apart) / 2

    _ahead(list(learnt.values()), loss, small, "learngene", on_progress)
    return {name: value.detach().numpy().copy() for name, value in learnt.items()}


def _predictor(kind: str, small: bool, on_progress) -> dict[str, np.ndarray]:
    """Every step another architecture, none of those that are asked for."""
    with seeded(WORLD, torch.device("cpu")):
        predictor = Predictor(kind)
    drawn = numpy_generator(WORLD, "architectures")
    bodies = {shape: shaped(*shape, WORLD) for shape in ARCHITECTURES}

    def loss(windows: Tensor) -> Tensor:
        net: Body = bodies[ARCHITECTURES[drawn.integers(len(ARCHITECTURES))]]
        logits = functional_call(net, made_of(predictor, net), (windows[:, :-1],))
        return F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())

    _ahead(list(predictor.parameters()), loss, small, kind, on_progress)
    return {name: value.detach().numpy().copy() for name, value in predictor.state_dict().items()}
