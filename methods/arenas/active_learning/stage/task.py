"""What a method of active learning is given: a pool, the labels it has so far, and its latest classifier."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from methods.arenas.active_learning.stage.logistic import Logistic, logistic
from methods.kit.stage.arena import Trial


@dataclass
class Task:
    """One campaign of asking. `x` (N, D) are all items of the pool, `asked` (n,) those with a label, in the order of
    asking, and `y` (n,) their labels: 0 to classes - 1, or `classes` for an item of no kind that is wanted.

    `model` is what `fit` gave after the latest answers, `turn` how many answers there were. `truth` (N,) are all
    labels, for upper bounds alone.
    """

    x: Tensor
    asked: Tensor
    y: Tensor
    classes: int
    trial: Trial
    truth: Tensor | None = None
    model: nn.Module = field(default_factory=nn.Identity)
    turn: int = 0
    _logits: Tensor | None = None

    @property
    def open(self) -> Tensor:
        """Items (M,) that have no label yet, in the order of the pool."""
        left = torch.ones(len(self.x), dtype=torch.bool, device=self.x.device)
        left[self.asked] = False
        return left.nonzero().squeeze(1)

    @property
    def wanted(self) -> tuple[Tensor, Tensor]:
        """Features and labels of the labelled items that are of a wanted kind."""
        kept = self.y < self.classes
        return self.x[self.asked[kept]], self.y[kept]

    def logistic(self, x: Tensor, y: Tensor, *, classes: int | None = None, weights: Tensor | None = None,
                 start: Logistic | None = None) -> Logistic:
        """The regression of the arena, with its ridge; several at once where `weights` (M, N) has several rows. From
        `start` it takes ten steps of L-BFGS in place of 40."""
        return logistic(x, y, classes or self.classes, self.trial.options.ridge, weights, start,
                        40 if start is None else 10)

    def committee(self, x: Tensor, y: Tensor, members: int, *, classes: int | None = None) -> tuple[Logistic, Tensor]:
        """`members` regressions, and the weights (members, N) of items in them: exponential draws of mean one, as a
        Bayesian bootstrap has them. The regression has one minimum, so that other initial weights change nothing."""
        weights = torch.empty(members, len(x), device=x.device).exponential_()
        weights = weights * len(x) / weights.sum(1, keepdim=True)
        return self.logistic(x, y, classes=classes, weights=weights), weights

    def probabilities(self, items: Tensor) -> Tensor:
        """What the latest classifier says of `items` (M,) of the pool: (M, classes), or more where it knows more."""
        if self._logits is None:
            with torch.no_grad():
                self._logits = self.model(self.x)
        return self._logits[items].softmax(1)

    def learnt(self, model: nn.Module) -> None:
        """Take `model` as the latest classifier."""
        self.model, self._logits = model, None

    def told(self, items: Tensor, labels: Tensor) -> None:
        """Take the labels of `items`."""
        self.asked, self.y, self.turn = torch.cat([self.asked, items]), torch.cat([self.y, labels]), self.turn + 1
