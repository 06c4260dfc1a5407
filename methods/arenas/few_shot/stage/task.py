"""What a method of few-shot classification is given: episodes, and what may be learnt before them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.stage.arena import Trial


@dataclass(frozen=True)
class Episodes:
    """Of E episodes: `support` (E, W, S, D) of W kinds, S drawings of each, `query` (E, Q, D), `names` (E, W, T) of the
    kinds as vectors, `y` (E, Q) the kinds of the queries, in no order. `many` (E, W, D) are the means of further
    drawings, for upper bounds alone."""

    support: Tensor
    query: Tensor
    names: Tensor
    y: Tensor
    many: Tensor

    def __len__(self) -> int:
        return len(self.y)

    def part(self, start: int, end: int) -> Episodes:
        return Episodes(*(each[start:end] for each in (self.support, self.query, self.names, self.y, self.many)))


@dataclass(frozen=True)
class Asked:
    """An Episodes without answers: what `classify` sees. `many` is None but for upper bounds."""

    support: Tensor
    query: Tensor
    names: Tensor
    many: Tensor | None = None


@dataclass
class Task:
    """`base_x` (N, D) features of drawings of the kinds that the network has learnt, `base_y` (N,) their kinds and
    `base_names` (K, T) the names' vectors; `validation` are episodes of other kinds, with answers."""

    base_x: Tensor
    base_y: Tensor
    base_names: Tensor
    validation: Episodes
    trial: Trial

    def __post_init__(self):
        self.mean, self.names_mean = self.base_x.mean(0), self.base_names.mean(0)

    def unit(self, x: Tensor) -> Tensor:
        """Features (..., D) less the mean of the base drawings, at length one."""
        return F.normalize(x - self.mean, dim=-1)

    def unit_names(self, names: Tensor) -> Tensor:
        return F.normalize(names - self.names_mean, dim=-1)

    def accuracy(self, logits: Tensor) -> float:
        """In %, of logits (E, Q, W) on the validation episodes."""
        return 100 * (logits.argmax(2) == self.validation.y).double().mean().item()

    @property
    def practice(self) -> Asked:
        """The validation episodes as `classify` would see them."""
        v = self.validation
        return Asked(v.support, v.query, v.names)


def squared_distances(query: Tensor, means: Tensor) -> Tensor:
    """(E, Q, W) between queries (E, Q, D) and one vector a kind (E, W, D)."""
    return torch.cdist(query, means).square()


def named(task: Task) -> list[Tensor]:
    """For each ridge of a small grid, the map (D, T) from features at length one to names, fitted on base drawings."""
    x, names = task.unit(task.base_x), task.unit_names(task.base_names)[task.base_y]
    gram, cross = x.T @ x, x.T @ names
    eye = torch.eye(len(gram), device=x.device)
    return [torch.linalg.solve(gram + ridge * eye, cross) for ridge in (1.0, 10.0, 100.0, 1000.0)]


def by_name(asked: Asked, mapped: Tensor, task: Task) -> Tensor:
    """Cosines (E, Q, W) of the queries, mapped to where names are, and the names."""
    return F.normalize(task.unit(asked.query) @ mapped, dim=-1) @ task.unit_names(asked.names).transpose(1, 2)


def best_map(task: Task) -> Tensor:
    """The map whose zero-shot answers are right most often on the validation episodes."""
    return max(named(task), key=lambda mapped: task.accuracy(by_name(task.practice, mapped, task)))
