"""Tasks made from one base: inputs through a random matrix, classes in another order, from a number of tasks."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.arenas.in_context_learning.arena import InContextLearningMethod
from methods.arenas.in_context_learning.stage.sizes import WAYS
from methods.arenas.in_context_learning.stage.task import Task, every_loss


class Projected(InContextLearningMethod):
    """Every class of a sequence is guessed from the pairs before it, in tasks drawn from 2 ** `log_tasks`."""

    log_tasks = 14

    def episode(self, task):
        x, y = task.episode()
        numbers = torch.randint(2 ** self.log_tasks, (len(x),), generator=task.generator).tolist()
        matrices, orders = zip(*(made(number, x.shape[2]) for number in numbers), strict=True)
        return x @ torch.stack(matrices).to(x), torch.stack(orders).to(y).gather(1, y)

    def loss(self, net, task: Task) -> Tensor:
        return every_loss(net, *self.episode(task))


def made(number: int, width: int) -> tuple[Tensor, Tensor]:
    """The matrix (D, D), entries N(0, 1/D), and the order of classes of a task.

    >>> matrix, order = made(3, 64)
    >>> bool(abs(matrix.square().sum(0).mean() - 1) < 0.1), sorted(order.tolist())
    (True, [0, 1, 2, 3, 4])
    """
    drawn = torch.Generator().manual_seed(number)
    return torch.randn(width, width, generator=drawn) / width ** 0.5, torch.randperm(WAYS, generator=drawn)
