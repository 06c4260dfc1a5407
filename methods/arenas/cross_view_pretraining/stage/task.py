"""What a method of the arena of pairs is given, and the training that all share."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from methods.arenas.cross_view_pretraining.stage.nets import Reader
from methods.kit.params import param
from methods.kit.stage.arena import Trial


def rate_factor(chosen: float):
    """How fast a method learns, as a factor on the arena's rate."""
    return param(chosen, "factor on the arena's learning rate", choices=(0.3, 1.0, 3.0))


class Task:
    """`one` and `two` (N, 1, H, W) are pairs whose moves (N, 4) are None but for upper bounds. A method's own draws are
    from `generator`."""

    def __init__(self, one: Tensor, two: Tensor, moves: Tensor | None, trial: Trial):
        self.one, self.two, self.moves, self.trial = one, two, moves, trial
        self.generator, self._batches = trial.generator("method"), trial.generator("batches")
        self.rows = torch.empty(0, dtype=torch.long)

    def reader(self, rotary: bool) -> Reader:
        """A new network."""
        o = self.trial.options
        return Reader(self.one.shape[-1], o.grid, o.width, o.blocks, rotary).to(self.one.device)

    def draw(self) -> tuple[Tensor, Tensor]:
        """The next pairs; `rows` says which."""
        self.rows = torch.randint(len(self.one), (self.trial.options.batch,), generator=self._batches).to(
            self.one.device)
        return self.one[self.rows], self.two[self.rows]

    def mask(self, many: int, share: float) -> Tensor:
        """(many, T), True for the `share` of places hidden, drawn anew for each; at least one place is shown."""
        places = self.trial.options.grid ** 2
        keys = torch.rand(many, places, generator=self.generator)
        return (keys.argsort(1).argsort(1) < min(places - 1, round(share * places))).to(self.one.device)

    def train(self, net: nn.Module, reader: Reader, step: Callable[[], Tensor], rate: float) -> None:
        """Steps of AdamW until the budget of pictures through the encoder is spent, with warm-up and a cosine."""
        o = self.trial.options
        optimizer = torch.optim.AdamW(net.parameters(), rate * o.rate, weight_decay=o.decay)
        net.train()
        reader.paid, steps = 0, 0
        while reader.paid < o.budget:
            done = reader.paid / o.budget
            for group in optimizer.param_groups:
                group["lr"] = rate * o.rate * min(1.0, (done + 0.005) / 0.1) * 0.5 * (1 + math.cos(math.pi * done))
            value = step()
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            steps += 1
            if steps % 20 == 0 or reader.paid >= o.budget:
                self.trial.record(steps, steps, loss=value.item())
        self.trial.count(pictures=reader.paid, steps=steps)


def shown(hidden: Tensor) -> Tensor:
    """The places (N, V) that are not hidden; all rows hide as many."""
    return (~hidden).nonzero()[:, 1].view(len(hidden), -1)
