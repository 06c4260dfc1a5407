"""Small language models that have read many answers to the questions of `digit_tasks`, right and wrong: trained once
for each of three worlds, and kept.

A document is of one of two kinds. Either two questions in the same word, both answered by one variant, so that an
answered question before another tells which variant is meant. Or one question with three attempts at its answer, a mark
between them: a right answer is kept more often than not, a wrong one becomes right sometimes, and how often depends on
the word. How often a word is answered by which variant is the world's. Only the model of world 0 has read nothing else;
those of the others are that model after 300 further steps in a world of their own, so all share what they can do and
differ in their habits. A run at seed s begins with world s mod 3.
"""

from __future__ import annotations

import sys
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit import lm_nets
from methods.kit.engine.archives import decoded
from methods.kit.lm_nets import Body, groups
from methods.kit.stage import digit_tasks
from methods.kit.stage.digit_tasks import (
    CHECK,
    DIGITS,
    EQUALS,
    FIRST_WORD,
    LENGTH,
    PIECES,
    TASKS,
    VARIANTS,
    WORDS,
    asked,
    shares,
    varied,
    words_of,
)
from methods.kit.stage.seeding import seeded, torch_generator
from methods.kit.stage.word_models import digest, schedule, weights_of

WORLDS, STEPS, MOVED, BATCH, RATE = 3, 2600, 300, 32, 0.01
QUESTION = torch.arange(1, 5)                           # where the first question has digits
ANSWERS = torch.cat([torch.arange(6, 10) + 10 * k for k in range(2)])       # where two answered questions have digits
ATTEMPTS = torch.cat([torch.arange(6, 10) + 5 * k for k in range(3)])       # where three attempts have them


class DigitNet(Body):
    """A causal body that is told, of each piece, how far it stands behind the last word, sign of equality or mark."""

    def __init__(self, width: int, blocks: int, heads: int):
        super().__init__(PIECES, width, blocks, heads)
        self.slots = nn.Embedding(2 * (LENGTH + 1), width)
        nn.init.normal_(self.slots.weight, std=0.05)

    def enter(self, ids: Tensor) -> Tensor:
        return super().enter(ids) + self.slots(slots(ids))


def slots(ids: Tensor) -> Tensor:
    """(B, T) 0 to 4 from a word on, 5 to 9 from a sign of equality or a mark on.

    >>> slots(torch.tensor([[14, 1, 2, 3, 4, 11, 1, 2, 3, 4, 12, 5]])).tolist()
    [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 5, 6]]
    """
    at = torch.arange(ids.shape[1], device=ids.device).expand_as(ids)
    opens, word = (ids == EQUALS) | (ids == CHECK), ids >= FIRST_WORD
    last = torch.where(opens | word, at, 0).cummax(1).values
    return (at - last).clamp(max=LENGTH) + (LENGTH + 1) * (~word).gather(1, last)


def start(world: int, small: bool = False, on_progress=None) -> DigitNet:
    """The model of a world."""
    weights = _small(world) if small else decoded(f"digit-start-{world}", digest(
        lm_nets, digit_tasks, sys.modules[__name__]), (), lambda: _made(world, False, on_progress), on_progress)
    net = blank(world, small)
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    return net


def blank(world: int, small: bool) -> DigitNet:
    with seeded(world, torch.device("cpu")):
        return DigitNet(*((16, 1, 1) if small else (48, 2, 3)))


@cache
def _small(world: int) -> dict[str, np.ndarray]:
    return _made(world, True)


def table(world: int) -> tuple[Tensor, Tensor, Tensor]:
    """Of each word (TASKS, WORDS): the shares of the variants, how often a right attempt is followed by a right one,
    and how often a wrong one is."""
    drawn = torch_generator(world, "habits")
    return (shares(drawn), 0.6 + 0.3 * torch.rand(TASKS, WORDS, generator=drawn),
            0.2 + 0.4 * torch.rand(TASKS, WORDS, generator=drawn))


def _heads(many: int, share: Tensor, drawn: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    tasks, forms = torch.randint(TASKS, (many,), generator=drawn), torch.randint(WORDS, (many,), generator=drawn)
    return tasks, forms, torch.multinomial(share[tasks, forms], 1, generator=drawn)[:, 0]


def answered_twice(many: int, share: Tensor, drawn: torch.Generator) -> Tensor:
    """(N, 20) two answered questions."""
    tasks, forms, variants = _heads(many, share, drawn)
    x = torch.randint(DIGITS, (2, many, LENGTH), generator=drawn)
    words = words_of(tasks, forms)
    return torch.cat([part for digits in x for part in (asked(words, digits), varied(tasks, digits, variants))], 1)


def attempted(many: int, world: int, drawn: torch.Generator) -> Tensor:
    """(N, 20) a question and three attempts."""
    share, stays, mends = table(world)
    tasks, forms, variants = _heads(many, share, drawn)
    x = torch.randint(DIGITS, (many, LENGTH), generator=drawn)
    parts = [asked(words_of(tasks, forms), x), varied(tasks, x, variants)]
    mark = torch.full((many, 1), CHECK)
    for _ in range(2):
        to_right = torch.rand(many, generator=drawn) < torch.where(variants == 0, stays[tasks, forms],
                                                                   mends[tasks, forms])
        other = torch.where((torch.rand(many, generator=drawn) < 0.7) & (variants > 0), variants,
                            torch.randint(1, VARIANTS, (many,), generator=drawn))
        variants = torch.where(to_right, 0, other)
        parts += [mark, varied(tasks, x, variants)]
    return torch.cat(parts, 1)


def _made(world: int, small: bool, on_progress=None) -> dict[str, np.ndarray]:
    """One thread, one seed, so always the same."""
    less, threads = (80 if small else 1), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            if world == 0:
                net = _read(blank(world, small), world, STEPS // less, RATE, on_progress)
            else:
                net = _read(start(0, small, on_progress), world, MOVED // less, RATE / 2, on_progress)
    finally:
        torch.set_num_threads(threads)
    return weights_of(net)


def _read(net: DigitNet, world: int, steps: int, rate: float, on_progress=None) -> DigitNet:
    drawn, share = torch_generator(world, "digit start"), table(world)[0]
    optimizer = torch.optim.AdamW(groups(net, 0.05), rate, betas=(0.9, 0.98))
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * schedule(step, steps)
        ids = torch.cat([answered_twice(BATCH // 2, share, drawn), attempted(BATCH // 2, world, drawn)])
        logits, half = net(ids[:, :-1]), BATCH // 2
        loss = _loss(logits[:half], ids[:half], ANSWERS) + _loss(logits[half:], ids[half:], ATTEMPTS)
        loss = loss + 0.1 * _loss(logits, ids, QUESTION)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if on_progress and step % 20 == 0:
            on_progress(step / steps, f"training a model that answers questions: {loss.item() / 2:.2f} nats")
    return net


def _loss(logits: Tensor, ids: Tensor, at: Tensor) -> Tensor:
    return F.cross_entropy(logits[:, at - 1].flatten(0, 1), ids[:, at].flatten())
