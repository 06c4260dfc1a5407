"""Models from several runs of the same start, and what is made of their weights."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from methods.arenas.finetuning.arena import FinetuningMethod, Task
from methods.arenas.finetuning.stage.nets import Net
from methods.kit.training import logits_of


class SeveralRuns(FinetuningMethod):
    """Methods that train `self.many` models from the same start, one after another, and put them together.

    `self.rates` may give each its multiple of the learning rate.
    """

    many = 2
    rates = ()

    def prepare(self, net, task):
        self.members, self.initial = [], copy.deepcopy(net.state_dict())
        self._begin(net, task)

    def _begin(self, net: Net, task: Task) -> None:
        k = len(self.members)
        net.load_state_dict(self.initial)
        task.stage(net, end=(k + 1) / self.many, rate=self.rates[k % len(self.rates)] if self.rates else 1.0)

    def after_step(self, net, task):
        if task.enters((len(self.members) + 1) / self.many):
            self.members.append(copy.deepcopy(net.state_dict()))
            if len(self.members) < self.many:
                self._begin(net, task)

    def accuracy(self, net: nn.Module, weights: dict[str, Tensor], task: Task) -> float:
        """Share of validation pictures that `net` with these weights names rightly; the net keeps them."""
        net.load_state_dict(weights)
        return (logits_of(net, task.val_x).argmax(1) == task.val_y).float().mean().item()


def mean_of(members: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The average of several models' weights by name."""
    return {name: torch.stack([member[name] for member in members]).mean(0) for name in members[0]}


def between(a: dict[str, Tensor], b: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """share * a + (1 - share) * b by name, over the names of a."""
    return {name: share * a[name] + (1 - share) * b[name] for name in a}
