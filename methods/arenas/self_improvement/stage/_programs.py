"""Programs of two steps that turn four digits into four others, and the small model that has read some: made once.

A step is the rule of one task. Many programs do the same: two rotations swap the halves, a copy changes nothing. The
model has read one program a question, drawn evenly; there is one model for all seeds.
"""

from __future__ import annotations

import sys
from functools import cache

import numpy as np
import torch
from torch import Tensor

from methods.arenas.self_improvement.stage import sampling
from methods.arenas.self_improvement.stage.sampling import log_p
from methods.kit import lm_nets
from methods.kit.engine.archives import decoded
from methods.kit.lm_nets import groups
from methods.kit.stage import digit_starts, digit_tasks
from methods.kit.stage.digit_starts import DigitNet, blank
from methods.kit.stage.digit_tasks import CHECK, DIGITS, FIRST_WORD, LENGTH, TASKS, asked, right
from methods.kit.stage.seeding import torch_generator
from methods.kit.stage.word_models import digest, schedule, weights_of

STEPS_OF = 2
ALLOWED = (FIRST_WORD, FIRST_WORD + TASKS)
TRAINED, RATE = 900, 0.01


def run(x: Tensor, program: Tensor) -> Tensor:
    """(N, steps + 1, 4) the digits before the first step of programs (N, steps) and after each.

    >>> run(torch.tensor([[1, 2, 3, 4]]), torch.tensor([[15, 19]])).tolist()       # reverse, plus one
    [[[1, 2, 3, 4], [4, 3, 2, 1], [5, 4, 3, 2]]]
    """
    states = [x]
    for step in program.T:
        states.append(right(step - FIRST_WORD, states[-1]))
    return torch.stack(states, 1)


def questions(many: int, drawn: torch.Generator) -> tuple[Tensor, Tensor]:
    """Questions (N, 11), digits before and after, and one program (N, 2) for each."""
    program = torch.randint(*ALLOWED, (many, STEPS_OF), generator=drawn)
    x = torch.randint(DIGITS, (many, LENGTH), generator=drawn)
    head = asked(torch.full((many,), FIRST_WORD), x)
    return torch.cat([head, run(x, program)[:, -1], torch.full((many, 1), CHECK)], 1), program


def solves(question: Tensor, program: Tensor) -> Tensor:
    """(N,) whether each program does what its question wants."""
    return (run(question[:, 1:1 + LENGTH], program)[:, -1] == question[:, 6:6 + LENGTH]).all(1)


def start(world: int, small: bool, on_progress=None) -> DigitNet:
    weights = _small(world) if small else decoded(f"digit-programs-{world}", digest(
        lm_nets, digit_tasks, digit_starts, sampling, sys.modules[__name__]), (),
        lambda: _made(world, False, on_progress), on_progress)
    net = blank(world, small)
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    return net


@cache
def _small(world: int) -> dict[str, np.ndarray]:
    return _made(world, True)


def _made(world: int, small: bool, on_progress=None) -> dict[str, np.ndarray]:
    """One thread, one seed, so always the same."""
    steps, drawn = TRAINED // (50 if small else 1), torch_generator(world, "digit programs")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            net = blank(world, small)
            optimizer = torch.optim.AdamW(groups(net, 0.05), RATE, betas=(0.9, 0.98))
            for step in range(steps):
                for group in optimizer.param_groups:
                    group["lr"] = RATE * schedule(step, steps)
                loss = -log_p(net, *questions(64, drawn)).mean()
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
                if on_progress and step % 20 == 0:
                    on_progress(step / steps, f"training a model that writes programs: {loss.item():.2f} nats")
    finally:
        torch.set_num_threads(threads)
    return weights_of(net)
