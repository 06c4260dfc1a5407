"""What a method of model selection is given: a task with a few items, and models that say something of them."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Card:
    """What is told of a model: how many kinds it names, width, steps of training, and in % how often it is right on
    items of its own kinds that it has not seen (nan where that is not told)."""

    kinds: int
    width: int
    steps: int
    accuracy: float


@dataclass(frozen=True)
class Model:
    """A model and what it makes of a task's items: features (N, W) and, of each of its own kinds, the chance (N, S).

    `rows` (S, W) are the weights of its head. Of its own training there are a few items: features (M, W), kinds (M,).
    """

    card: Card
    features: Tensor
    chances: Tensor
    rows: Tensor
    own_features: Tensor
    own_kinds: Tensor

    @property
    def guess(self) -> Tensor:
        """(N,) the likeliest of its own kinds."""
        return self.chances.argmax(1)


@dataclass(frozen=True)
class Task:
    """Items `x` (N, D) as they are without any model, their labels (N,), none where not given, and what is known of
    them without labels, as bits (N, B). `kinds` there are in all."""

    x: Tensor
    labels: Tensor | None
    bits: Tensor
    kinds: int


@dataclass(frozen=True)
class History:
    """Past tasks, the models on each, and what each model (M, T) was worth."""

    tasks: list[Task]
    models: list[list[Model]]
    worth: Tensor


def groups(task: Task) -> Tensor:
    """(N,) the labels; where there are none, groups of items of the same first three bits.

    >>> import torch
    >>> groups(Task(torch.zeros(2, 1), None, torch.tensor([[1., 0., 0.], [0., 1., 1.]]), 2)).tolist()
    [1, 0]
    """
    if task.labels is not None:
        return task.labels
    code = (task.bits[:, :3] * task.bits.new_tensor([4, 2, 1])).sum(1)
    return code.unique(return_inverse=True)[1]


def centred(x: Tensor) -> Tensor:
    """Features with their mean taken off.

    >>> import torch
    >>> centred(torch.tensor([[1.0], [3.0]])).flatten().tolist()
    [-1.0, 1.0]
    """
    return x - x.mean(0)
