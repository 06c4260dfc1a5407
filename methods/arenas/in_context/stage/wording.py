"""The forms a prompt can have: which demonstrations, how many, in which order, in blocks or not."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from methods.arenas.in_context.stage.selection import best_last, cosines
from methods.arenas.in_context.stage.task import Asked, Prompts, Task, answers_of


class Form(NamedTuple):
    which: str
    many: int
    order: str
    block: int


def forms(shots: int) -> list[Form]:
    """The cross product of all choices."""
    return [Form(*each) for each in itertools.product(
        ("random", "nearest"), sorted({1, max(1, shots // 2), shots}), ("best last", "best first"), (0, 1))]


def shown(form: Form, asked: Asked, task: Task) -> Prompts:
    scores = cosines(asked.features, task.pool.features)
    if form.which == "random":
        scores = torch.rand_like(scores)
    rows = best_last(scores, form.many)
    return Prompts(rows if form.order == "best last" else rows.flip(2), block=form.block)


def judged(task: Task, tasks: int) -> Tensor:
    """(F,) share of words that each form gets right in one validation question of each of so many tasks."""
    known = task.validation
    return _judged(task, Asked(*(t[:tasks, :1] for t in (known.words, known.features, answers_of(known)))))


def judged_by_all(task: Task) -> Tensor:
    """The same by all validation questions."""
    return _judged(task, task.validation)


def _judged(task: Task, asked: Asked) -> Tensor:
    here = replace(task, pool=replace(task.pool, **{
        name: value[:len(asked.words)] for name, value in vars(task.pool).items() if value is not None}))
    with torch.no_grad():
        return torch.stack([(here.ask(asked.words, shown(form, asked, here)).argmax(3) == answers_of(asked)).double()
                            .mean() for form in forms(task.shots)])
