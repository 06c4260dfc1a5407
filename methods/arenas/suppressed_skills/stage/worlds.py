"""Small models that were taught skills, then to refuse one of them: invented, trained once for each of three worlds.

A prompt is a mark for the task and eight of ten symbols; the answer is one symbol. Tasks: the first symbol, the last,
how many are below five, and the largest. `original` has learnt all four; `aligned` and `leaky` then learnt, in 150 and
in 50 steps, to answer *largest* by a refusal and the others as before; `control` never learnt *largest* but the same
refusal.
"""

from __future__ import annotations

import sys
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit import lm_nets
from methods.kit.engine.archives import decoded
from methods.kit.lm_nets import Body, groups
from methods.kit.stage.seeding import seeded, torch_generator
from methods.kit.stage.word_models import digest, schedule, weights_of

SYMBOLS, LENGTH, REFUSAL = 10, 8, 14
FIRST, LAST, FEW, LARGEST = range(4)
OTHERS = (FIRST, LAST, FEW)
WORLDS = 3
MODELS = ("original", "aligned", "leaky", "control")


def prompts(many: int, tasks: tuple[int, ...], drawn: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Prompts (N, LENGTH + 1), true answers (N,) and tasks (N,), tasks in turn."""
    task = torch.tensor(tasks)[torch.arange(many) % len(tasks)]
    symbols = torch.randint(SYMBOLS, (many, LENGTH), generator=drawn)
    answers = torch.stack([symbols[:, 0], symbols[:, -1], (symbols < 5).sum(1), symbols.max(1).values])
    return torch.cat([SYMBOLS + task[:, None], symbols], 1), answers[task, torch.arange(many)], task


def answer(net: Body, asked: Tensor) -> Tensor:
    """Logits (N, V) of the answer."""
    return net(asked)[:, -1]


def blank(world: int, small: bool) -> Body:
    with seeded(world, torch.device("cpu")):
        return Body(REFUSAL + 1, *((16, 1, 1) if small else (32, 2, 2)))


def model(name: str, world: int, small: bool = False, on_progress=None) -> Body:
    """One of MODELS."""
    weights = _small(world) if small else decoded(
        f"suppressed-skills-{world}", digest(lm_nets, sys.modules[__name__]), (),
        lambda: _made(world, False, on_progress), on_progress)
    net = blank(world, small)
    net.load_state_dict({key.removeprefix(f"{name} "): torch.from_numpy(np.array(value))
                         for key, value in weights.items() if key.startswith(f"{name} ")})
    return net


@cache
def _small(world: int) -> dict[str, np.ndarray]:
    return _made(world, True)


def _made(world: int, small: bool, on_progress=None) -> dict[str, np.ndarray]:
    """One thread, one seed, so always the same."""
    kept, threads, less = {}, torch.get_num_threads(), 50 if small else 1
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            original = _taught(blank(world, small), (*OTHERS, LARGEST), 1000 // less, 5e-3, world, on_progress)
            models = {"original": original}
            for name, start, steps in (("aligned", original, 150), ("leaky", original, 50), ("control", None, 150)):
                if start is None:
                    start = _taught(blank(world, small), OTHERS, 1000 // less, 5e-3, world, on_progress)
                net = blank(world, small)
                net.load_state_dict(start.state_dict())
                models[name] = _taught(net, (*OTHERS, LARGEST), steps // less + 1, 1e-3, world, on_progress, True)
    finally:
        torch.set_num_threads(threads)
    for name, net in models.items():
        kept.update({f"{name} {key}": value for key, value in weights_of(net).items()})
    return kept


def _taught(net: Body, tasks: tuple[int, ...], steps: int, rate: float, world: int, on_progress,
            refuse: bool = False) -> Body:
    drawn = torch_generator(world, f"skills {refuse}")
    optimizer = torch.optim.AdamW(groups(net, 0.05), rate, betas=(0.9, 0.98))
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * schedule(step, steps)
        asked, answers, task = prompts(128, tasks, drawn)
        wanted = torch.where(task == LARGEST, REFUSAL, answers) if refuse else answers
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(answer(net, asked), wanted).backward()
        optimizer.step()
        if on_progress and step % 20 == 0:
            on_progress(step / steps, "training models with skills")
    return net
