"""What a run gives a method to work with: data it may see, budget, batches and stages."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from methods.arenas.finetuning.stage._data import FinetuningData
from methods.arenas.finetuning.stage.nets import shifted
from methods.kit.stage.arena import Trial
from methods.kit.training import minibatches


@dataclass(frozen=True)
class Batch:
    x: Tensor        # (B, 1, 16, 16), or (B, T, D) of texts
    y: Tensor        # (B,)
    index: Tensor    # (B,) rows of the set it was drawn from


class Task:
    """What a method sees of the experiment: the labelled target, the pretrained weights, budget, batches, stages."""

    def __init__(self, data: FinetuningData, trial: Trial, rate: float, steps: int, restart: int):
        o = trial.options
        (self.x, self.y), (self.val_x, self.val_y), (self.letters_x, self.letters_y) = \
            data.train, data.val, data.letters
        self.context, self.start, self.base = data.context, data.start, data.base
        self.names = data.names                 # (10, D) the classes' names as a sentence encoder sees them
        self.fresh = o.fresh                    # whether the digits' classifier starts at random
        self.batch_size, self.rate, self.steps = o.batch, rate, steps
        self.spent, self.budget = 0, steps * o.batch
        self._views = trial.generator(f"views {restart}")
        self._others = trial.generator(f"other batches {restart}")
        self._epochs = minibatches(len(self.y), o.batch, 10**9, trial.generator(f"batches {restart}"))
        self._entered: set[float] = set()
        self.optimizer: torch.optim.Optimizer | None = None

    @property
    def progress(self) -> float:
        """Share of the gradient budget that is spent, 0 to 1."""
        return min(self.spent / self.budget, 1.0)

    def enters(self, share: float) -> bool:
        """True once, the first time it is asked with `share` of the budget spent."""
        if self.progress < share or share in self._entered:
            return False
        self._entered.add(share)
        return True

    def draw(self) -> Batch:
        """The next batch of target pictures: shuffled epochs, each picture moved by up to a pixel."""
        index = next(self._epochs).to(self.y.device)
        return Batch(shifted(self.x[index], 1, self._views), self.y[index], index)

    def draw_letters(self) -> Batch:
        """A random batch of printed letters."""
        index = torch.randint(len(self.letters_y), (self.batch_size,), generator=self._others).to(self.y.device)
        return Batch(shifted(self.letters_x[index], 1, self._views), self.letters_y[index], index)

    def stage(self, net: nn.Module, end: float = 1.0, rate: float = 1.0) -> None:
        """Begin a stage: a new optimiser of all that requires gradients, and a schedule to `end` of the budget.

        `rate` multiplies the arena's learning rate.
        """
        self._start, self._end, self._rate = self.progress, end, rate * self.rate
        self.trained = [p for p in net.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self.trained, self._rate, weight_decay=1e-4)

    def schedule(self) -> None:
        done = (self.progress - self._start) / max(self._end - self._start, 1e-9)
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate * min(1.0, (done + 0.02) / 0.1) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
