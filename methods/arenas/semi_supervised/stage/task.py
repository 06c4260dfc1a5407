"""What a method of the arena of few labels is given, and the training that all share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from methods.arenas.semi_supervised.stage._data import SemiSupervisedData
from methods.arenas.semi_supervised.stage.nets import Net
from methods.kit.params import param
from methods.kit.stage.arena import Trial
from methods.kit.stage.augmentations import view
from methods.kit.stage.encoders import strided_encoder

WEAK = 0.2         # strength of a weak view


def rate_factor(chosen: float):
    """How fast a method learns, as a factor on the arena's rate."""
    return param(chosen, "factor on the arena's learning rate", choices=(0.3, 1.0, 3.0))


@dataclass(frozen=True)
class Batch:
    """Weak views `x` (B, 1, H, W) of pictures with labels `y` (B,), and a `weak` and a `strong` view (M, 1, H, W) of
    pictures without, which are `rows` of all of them; `free_y` (M,) for the upper bound, None for everybody else."""

    x: Tensor
    y: Tensor
    weak: Tensor
    strong: Tensor
    rows: Tensor
    free_y: Tensor | None


class Task:
    """`unlabelled` is how many pictures have no label. While training, `step` counts and `progress` goes from 0
    to 1."""

    def __init__(self, data: SemiSupervisedData, trial: Trial, *, sees_labels: bool = False):
        self._data, self._labels = (data.x, data.y, data.free_x), data.free_y if sees_labels else None
        self.trial, self.unlabelled, self.step, self.progress = trial, len(data.free_x), 0, 0.0
        self._drawn, self._views = trial.generator("batches"), trial.generator("views")
        self._passed, self._optimizer = 0, None
        self.trained = 0

    def network(self) -> Net:
        """A new network."""
        o, x = self.trial.options, self._data[0]
        return Net(strided_encoder(x.shape[-1], o.width, o.features), o.features).to(x.device)

    def draw(self) -> Batch:
        """The next pictures, drawn at random."""
        o, (x, y, free) = self.trial.options, self._data
        few = torch.randint(len(x), (o.batch,), generator=self._drawn).to(x.device)
        rows = torch.randint(len(free), (o.free_batch,), generator=self._drawn).to(x.device)
        return Batch(view(x[few], self._views, WEAK), y[few], view(free[rows], self._views, WEAK),
                     view(free[rows], self._views), rows, None if self._labels is None else self._labels[rows])

    def again(self, rows: Tensor) -> Tensor:
        """Another weak view of pictures without labels."""
        return view(self._data[2][rows], self._views, WEAK)

    def train(self, net: nn.Module, step: Callable[[], Tensor], after: Callable[[], None], *, counted: nn.Module,
              rate: float) -> None:
        """Steps of AdamW on `net` until the budget is spent, with warm-up over a tenth and a cosine."""
        o = self.trial.options
        trained = [p for p in net.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(trained, rate * o.rate, weight_decay=o.decay)
        self.trained, spent, told = sum(p.numel() for p in trained), 0, 0.0
        budget = o.steps * (1 if o.equal_steps else o.batch + 2 * o.free_batch)
        hook = counted.register_forward_pre_hook(self._count)
        net.train()
        while spent < budget:
            self.progress, self._passed = spent / budget, 0
            now = min(1.0, (self.progress + 0.005) / 0.1) * 0.5 * (1 + math.cos(math.pi * self.progress))
            for group in self._optimizer.param_groups:
                group["lr"] = rate * o.rate * now
            value = step()
            self.move(value)
            after()
            cost = max(self._passed, o.batch + 2 * o.free_batch)
            self.trial.count(pictures=cost)
            spent, self.step = spent + (1 if o.equal_steps else cost), self.step + 1
            if spent >= told + budget / 20 or spent >= budget:
                told = spent
                self.trial.record(self.step, self.step, loss=value.item())
        self.trial.count(steps=self.step)
        hook.remove()

    def move(self, loss: Tensor) -> None:
        """One step of the optimiser down the gradient of `loss`."""
        assert self._optimizer is not None
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()

    def _count(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._passed += len(inputs[0]) * torch.is_grad_enabled()
