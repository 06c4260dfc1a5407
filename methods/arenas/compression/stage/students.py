"""Students that are cut out of a teacher, trained for a moment with what it says, and judged."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.compression.stage.elastic import Choice, bits_of, cut, whole
from methods.kit.lm_nets import Body

STEPS, CANDIDATES = 2, 16        # of a candidate; that are tried at most


def taught(net: Body, teacher: Body, batch: Tensor) -> Tensor:
    """CE + mean square of the difference of logits."""
    windows = batch.long()
    said = net(windows[:, :-1])
    with torch.no_grad():
        told = teacher(windows[:, :-1])
    return F.cross_entropy(said.flatten(0, 1), windows[:, 1:].flatten()) + F.mse_loss(said, told)


def reward(size: float, accuracy: float) -> float:
    """C (2 - C) A / A_T with C = 1 - size: both relative to the teacher's.

    >>> reward(0.5, 0.8), reward(0.25, 0.8)
    (0.6000000000000001, 0.75)
    """
    c = 1 - size
    return c * (2 - c) * accuracy


def sought(task, teacher: Body, candidates: int, propose: Callable[[int], Choice],
           learn: Callable[[float], None]) -> Body:
    """The best of so many students by reward, those without room get -1; it begins as it was cut."""
    text = task.new if task.steps else task.known
    windows = text[-24:].long()
    right = _accuracy(teacher, windows)
    best, found = -2.0, None
    for at in range(candidates):
        choice = propose(at)
        value = -1.0
        if any(heads for heads, _ in choice) and bits_of(teacher, choice) <= task.budget:
            student = cut(task.dense(), choice)
            task.train(student, min(STEPS, task.steps) if task.steps else 0,
                       lambda batch, net=student: taught(net, teacher, batch), tell=False)
            value = reward(bits_of(teacher, choice) / bits_of(teacher, whole(teacher)),
                           _accuracy(student, windows) / max(right, 1e-8))
        if value > best:
            best, found = value, choice
        learn(value)
    if found is None or best <= -1.0:
        found = [(1, units // 8) for _, units in whole(teacher)]
    return cut(task.dense(), found)


@torch.no_grad()
def _accuracy(net: Body, windows: Tensor) -> float:
    return (net(windows[:, :-1]).argmax(-1) == windows[:, 1:]).double().mean().item()
