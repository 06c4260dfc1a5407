"""What a run gives a method to work with: data it may see, budget, batches and stages."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from methods.arenas.peft.stage._data import PeftData
from methods.arenas.peft.stage.examples import Examples
from methods.kit.adapters import Transformer
from methods.kit.stage.arena import Trial
from methods.kit.training import minibatches


class Task:
    """What a method sees of the experiment: labelled target, unlabelled pools, budget, batches and stages."""

    def __init__(self, data: PeftData, trial: Trial, rate: float, steps: int):
        o = trial.options
        self.train, self.pool, self.context, self.related = data.train, data.pool, data.context, data.related
        self.classes, self.questions, self.looks = o.classes, o.questions, o.looks
        self.allowance = o.allowance            # trained parameters a method may have beside the new classifier
        self.batch_size, self.rate, self.head_rate = o.batch, rate, max(rate, o.head_rate)
        self.steps, self.spent, self.budget = steps, 0, steps * o.batch
        self.fresh: set[str] = set()
        self._draws, self._pools = trial.generator("batches"), trial.generator("pools")
        self._epochs = minibatches(len(self.train.x), o.batch, 10**9, self._draws)
        self._entered: set[float] = set()

    @property
    def progress(self) -> float:
        """Share of the gradient budget that is spent, 0 to 1."""
        return min(self.spent / self.budget, 1.0)

    def enters(self, share: float) -> bool:
        """True once, at the first step that begins with `share` of the budget spent."""
        if self.progress < share or share in self._entered:
            return False
        self._entered.add(share)
        return True

    def draw(self) -> Examples:
        """The next labelled batch: shuffled epochs."""
        return self.train.at(next(self._epochs).to(self.train.x.device))

    def draw_from(self, x: Tensor) -> Tensor:
        """Rows for a batch out of x, drawn with replacement, (B,)."""
        return torch.randint(len(x), (self.batch_size,), generator=self._pools).to(x.device)

    def stage(self, net: Transformer, end: float = 1.0) -> None:
        """Begin a stage: a new optimiser, and a schedule to `end` of the budget, for all that requires gradients."""
        self._start, self._end = self.progress, end
        trained = [(name, p) for name, p in net.named_parameters() if p.requires_grad]
        groups = [{"params": [p for name, p in trained if (name in self.fresh) == fresh], "base": rate}
                  for fresh, rate in ((False, self.rate), (True, self.head_rate))]
        self.optimizer = torch.optim.AdamW([g for g in groups if g["params"]], weight_decay=0.01)

    def schedule(self) -> None:
        done = (self.progress - self._start) / max(self._end - self._start, 1e-9)
        share = min(1.0, (done + 0.02) / 0.1) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        for group in self.optimizer.param_groups:
            group["lr"] = group["base"] * share
