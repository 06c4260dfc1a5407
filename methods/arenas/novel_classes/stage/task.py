"""What a method of the arena of unnamed kinds is given, and the training that all share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.novel_classes.stage._data import NovelData
from methods.arenas.novel_classes.stage.nets import TAU, Net
from methods.kit.stage.arena import Trial
from methods.kit.stage.augmentations import turned


@dataclass(frozen=True)
class Batch:
    """Two views of pictures with names, `x` and `x2` (B, D), `y` (B,), and of some of the heap, `u` and `u2` (B, D),
    which are `rows` of it; `u_y` are their kinds for the upper bound, None for everybody else."""

    x: Tensor
    x2: Tensor
    y: Tensor
    u: Tensor
    u2: Tensor
    rows: Tensor
    u_y: Tensor | None


class Task:
    """Pictures `x` (N, D) with names `y`, of `known` kinds; `heap` (M, D) without. `novel` is how many kinds there are
    beside the known ones, or, when not `told`, the most there could be. `mixed`: known kinds are in the heap as well.
    `clusters` are all kinds that may be in the heap. While training, `progress` goes from 0 to 1."""

    def __init__(self, data: NovelData, trial: Trial, *, sees_names: bool = False):
        o = trial.options
        self.x, self.y, self.heap = data.x, data.y, data.heap
        self._heap_y = data.heap_y if sees_names else None
        self.known, self.novel, self.mixed = data.known, o.guess or data.novel, o.mixed
        self._ground, self.told = data.x.min(), not o.guess
        self.clusters = self.novel + (self.known if o.mixed else 0)
        self.trial, self.progress, self.steps = trial, 0.0, o.steps
        self._rows, self._views = trial.generator("batches"), trial.generator("views")
        self.chance = trial.generator("clusters")

    def network(self) -> Net:
        """A new network."""
        o = self.trial.options
        return Net(Body(self.side, o.channels, o.width), o.width, self.known, self.novel).to(self.x.device)

    @property
    def side(self) -> int:
        return math.isqrt(self.x.shape[1])

    def view(self, x: Tensor) -> Tensor:
        """Another view of pictures: turned, zoomed and shifted a little, each its own way."""
        drawn = (2 * torch.rand(len(x), 4, generator=self._views) - 1).to(x.device)
        moved = turned((x - self._ground).view(-1, 1, self.side, self.side), 0.25 * drawn[:, 0], 1.2 ** drawn[:, 1],
                       0.15 * drawn[:, 2:])
        return moved.flatten(1) + self._ground

    def draw(self) -> Batch:
        """The next pictures, as many with names as without."""
        many = self.trial.options.batch
        named, rows = (torch.randint(len(all_), (many,), generator=self._rows).to(self.x.device)
                       for all_ in (self.x, self.heap))
        x, u = self.x[named], self.heap[rows]
        return Batch(self.view(x), self.view(x), self.y[named], self.view(u), self.view(u), rows,
                     None if self._heap_y is None else self._heap_y[rows])

    def pretrain(self, net: Net, share: float) -> Net:
        """A share of the steps on the names alone."""
        def loss(batch: Batch) -> Tensor:
            return F.cross_entropy(net.known(net(torch.cat([batch.x, batch.x2]))) / TAU, batch.y.repeat(2))

        return self.train(net, loss, share)

    def train(self, net: Any, loss: Callable[[Batch], Tensor], share: float = 1.0,
              parameters: list[nn.Parameter] | None = None) -> Any:
        """AdamW for a share of the steps, with warm-up over a tenth and a cosine."""
        o, steps = self.trial.options, max(1, round(share * self.trial.options.steps))
        optimizer = torch.optim.AdamW(parameters or [p for p in net.parameters() if p.requires_grad], o.rate,
                                      weight_decay=o.decay)
        net.train()
        for step in range(steps):
            self.progress = step / steps
            optimizer.param_groups[0]["lr"] = o.rate * min(1, 10 * (step + 1) / steps) * 0.5 * (
                1 + math.cos(math.pi * step / steps))
            value = loss(self.draw())
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            self.trial.count(gradients=1)
            if step % max(1, steps // 5) == 0 or step == steps - 1:
                self.trial.record(step + 1, steps, loss=value.item())
        return net.eval()


class Body(nn.Module):
    """Two strided convolutions and two layers."""

    def __init__(self, side: int, channels: int, width: int):
        super().__init__()
        self.side = side
        self.layers = nn.Sequential(
            nn.Conv2d(1, channels, 3, 2, 1), nn.ReLU(), nn.Conv2d(channels, 2 * channels, 3, 2, 1), nn.ReLU(),
            nn.Flatten(), nn.Linear(2 * channels * (side // 4)**2, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x.view(-1, 1, self.side, self.side))
