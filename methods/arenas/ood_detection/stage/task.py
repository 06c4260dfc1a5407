"""What a method of the arena of unknown kinds is given."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.ood_detection.stage._data import Group
from methods.kit.stage.arena import Trial


class Task:
    """`x` (N, W) and `y` (N,) are what the classifier has learnt; it is trained and fixed. `exposed` (E, W) are
    other drawings of the unknown kinds that are asked, for upper bounds, None for everybody else."""

    def __init__(self, group: Group, trial: Trial, exposed: Tensor | None, number: int):
        self.x, self.y, self.trial, self.exposed = group.x, group.y, trial, exposed
        self.kinds, self.generator = int(group.y.max()) + 1, trial.generator(f"method {number}")
        self._batches = trial.generator(f"batches {number}")
        hidden = trial.options.hidden
        self.body = nn.Sequential(nn.Linear(self.x.shape[1], hidden), nn.ReLU()).to(self.x.device)
        self.head = nn.Linear(hidden, self.kinds, device=self.x.device)
        self.fit((*self.body.parameters(), *self.head.parameters()), lambda rows: F.cross_entropy(
            self.logits(self.x[rows]), self.y[rows]), trial.options.steps, 2e-3)
        self.body.requires_grad_(False)
        self.head.requires_grad_(False)

    def states(self, x: Tensor) -> Tensor:
        """(N, H), the classifier's last hidden layer, not below 0."""
        return self.body(x)

    def logits(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))

    def rows(self, many: int = 128, of: int = 0) -> Tensor:
        """Rows of the next batch."""
        return torch.randint(of or len(self.x), (many,), generator=self._batches).to(self.x.device)

    def noise(self, *shape: int) -> Tensor:
        """Standard normal, from the method's own generator."""
        return torch.randn(*shape, generator=self.generator).to(self.x.device)

    def fit(self, parameters: Iterable[Tensor], loss: Callable[[Tensor], Tensor], steps: int, rate: float,
            many: int = 128) -> None:
        """Steps of Adam on batches of rows, the rate falling to nothing by a cosine."""
        optimizer = torch.optim.Adam(list(parameters), rate)
        steps = max(1, steps // self.trial.options.shorter)
        with torch.enable_grad():
            for step in range(steps):
                optimizer.param_groups[0]["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
                value = loss(self.rows(many))
                optimizer.zero_grad(set_to_none=True)
                value.backward()
                optimizer.step()
        self.trial.record(steps, steps, loss=value.item())
