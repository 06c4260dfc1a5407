"""What a method of the arena of multiple instances is given, and the training that all share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from methods.kit.stage.arena import Trial


@dataclass
class Task:
    """`bags` (B, K, D) with `labels` (B,) in {0, 1}: 1 where at least one instance is of the kind looked for.

    `instances` (B, K) says which, for upper bounds; None for everybody else. While training, `progress` goes from 0 to
    1, and `rows` are those of the present batch.
    """

    bags: Tensor
    labels: Tensor
    instances: Tensor | None
    trial: Trial
    progress: float = 0.0
    rows: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.long))

    @property
    def width(self) -> int:
        return int(self.bags.shape[2])

    def train(self, make: Callable[[], nn.Module], loss: Callable[[nn.Module, Tensor, Tensor], Tensor],
              after: Callable[[nn.Module], None] | None = None, *, starts: int | None = None, steps: int | None = None,
              rows: Tensor | None = None) -> nn.Module:
        """The best of several starts by training loss, each trained by AdamW on batches of whole bags.

        `loss` takes the model, bags (b, K, D) and labels (b,); `after` is called after each step; `rows` are the bags
        to train on, all of them by default.
        """
        o = self.trial.options
        chosen = torch.arange(len(self.labels)) if rows is None else rows
        best: tuple[float, nn.Module] | None = None
        steps = steps or o.steps
        for _ in range(starts or o.starts):
            model, recent = make(), []
            optimizer = torch.optim.AdamW(model.parameters(), o.rate, weight_decay=o.decay)
            for step in range(steps):
                self.progress = step / steps
                place = step % max(1, len(chosen) // o.batch)             # in this turn through the bags
                if place == 0:
                    order = chosen[torch.randperm(len(chosen))]
                self.rows = order[place * o.batch:(place + 1) * o.batch]
                value = loss(model, self.bags[self.rows], self.labels[self.rows])
                optimizer.zero_grad(set_to_none=True)
                value.backward()
                optimizer.step()
                if after:
                    after(model)
                self.trial.count(bags=len(self.rows))
                recent = [*recent[-19:], value.item()]
                if step % max(1, steps // 10) == 0 or step == steps - 1:
                    self.trial.record(step + 1, steps, loss=value.item())
            ended = sum(recent) / len(recent)
            if best is None or ended < best[0]:
                best = ended, model
        assert best is not None
        return best[1]
