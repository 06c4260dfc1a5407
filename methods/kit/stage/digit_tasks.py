"""Questions on strings of four digits, asked in several words, and answers by the right rule and by wrong ones.

All is invented. A question is a word and four digits, "w d d d d ="; the word names one of six tasks, each of which
has three words. The answer has four digits. Wrong answers are not noise: they follow a variant of the rule, which adds
three to the last two digits, adds one to all four, or turns the answer round.
"""

from __future__ import annotations

import torch
from torch import Tensor

DIGITS, LENGTH, TASKS, WORDS, VARIANTS = 10, 4, 6, 3, 4
END, EQUALS, CHECK, THEN = 10, 11, 12, 13
FIRST_WORD = 14
PIECES = FIRST_WORD + TASKS * WORDS
NAMES = ("copy", "reverse", "rotate", "swap halves", "nine's complement", "plus one")
ORDERS = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0], [1, 2, 3, 0], [2, 3, 0, 1], [0, 1, 2, 3], [0, 1, 2, 3]])
TIMES = torch.tensor([1, 1, 1, 1, 9, 1])                 # of a digit
PLUS = torch.tensor([0, 0, 0, 0, 9, 1])


def right(tasks: Tensor, x: Tensor) -> Tensor:
    """Answers (N, 4) to digits (N, 4) by the rule of each task (N,).

    >>> right(torch.tensor([1, 4]), torch.tensor([[1, 2, 3, 4], [1, 2, 3, 4]])).tolist()
    [[4, 3, 2, 1], [8, 7, 6, 5]]
    """
    where = tasks.device
    moved = x.gather(1, ORDERS.to(where)[tasks])
    return (moved * TIMES.to(where)[tasks, None] + PLUS.to(where)[tasks, None]) % DIGITS


def varied(tasks: Tensor, x: Tensor, variants: Tensor) -> Tensor:
    """Answers (N, 4) by a variant (N,) of each rule; variant 0 is the rule.

    >>> varied(torch.tensor([0, 0]), torch.tensor([[1, 2, 3, 4], [1, 2, 3, 4]]), torch.tensor([1, 2])).tolist()
    [[1, 2, 6, 7], [2, 3, 4, 5]]
    """
    y = right(tasks, x)
    late = torch.tensor([0, 0, 3, 3], device=x.device)
    choices = torch.stack([y, (y + late) % DIGITS, (y + 1) % DIGITS, y.flip(1)])
    return choices[variants, torch.arange(len(x), device=x.device)]


def words_of(tasks: Tensor, forms: Tensor) -> Tensor:
    """The word of a task in one of its forms."""
    return FIRST_WORD + WORDS * tasks + forms


def task_of(words: Tensor) -> Tensor:
    return (words - FIRST_WORD) // WORDS


def asked(words: Tensor, x: Tensor) -> Tensor:
    """Questions (N, 6)."""
    return torch.cat([words[:, None], x, torch.full_like(words[:, None], EQUALS)], 1)


def questions(many: int, drawn: torch.Generator, forms: tuple[int, ...] = (0, 1, 2)) -> tuple[Tensor, Tensor]:
    """Questions (N, 6) of all tasks in turn, in words of the named forms, and their right answers (N, 4)."""
    tasks = torch.arange(many) % TASKS
    of = torch.tensor(forms)[torch.randint(len(forms), (many,), generator=drawn)]
    x = torch.randint(DIGITS, (many, LENGTH), generator=drawn)
    return asked(words_of(tasks, of), x), right(tasks, x)


def shares(drawn: torch.Generator) -> Tensor:
    """(TASKS, WORDS, VARIANTS) how often each word is answered by each variant: the rule itself for 25 to 80 %."""
    p = 0.25 + 0.55 * torch.rand(TASKS, WORDS, 1, generator=drawn)
    rest = torch.tensor([0.6, 0.25, 0.15])[torch.stack([torch.randperm(3, generator=drawn)
                                                        for _ in range(TASKS * WORDS)])].view(TASKS, WORDS, 3)
    return torch.cat([p, (1 - p) * rest], 2)
