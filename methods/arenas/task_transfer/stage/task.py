"""What a method of the arena of task transfer is given, and the training that all share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from methods.arenas.task_transfer.stage.nets import Encoder
from methods.kit.stage.arena import Trial


@dataclass(frozen=True)
class Labelled:
    """Texts (N, L) of a task and their classes (N,)."""

    texts: Tensor
    classes: Tensor
    many: int                        # classes there are


@dataclass
class Task:
    """Tasks with labels, none of which is asked later, of very different sizes."""

    tasks: list[Labelled]
    trial: Trial

    def descend(self, parameters: list[Tensor], loss: Callable[[torch.Generator], Tensor],
                steps: int | None = None) -> None:
        """AdamW on a loss that draws its own batch."""
        o, drawn = self.trial.options, self.trial.generator("batches")
        steps = o.pretuning if steps is None else min(steps, o.pretuning)
        optimizer = torch.optim.AdamW(parameters, o.rate, weight_decay=0.01)
        for step in range(steps):
            value = loss(drawn)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            self.trial.count(gradients=1)
            if step % 10 == 0 or step == steps - 1:
                self.trial.record(step, steps, loss=value.item())

    def batch(self, at: int, size: int, drawn: torch.Generator) -> tuple[Tensor, Tensor]:
        """Texts and classes of one task, drawn evenly."""
        task = self.tasks[at]
        rows = torch.randint(len(task.texts), (size,), generator=drawn).to(task.texts.device)
        return task.texts[rows], task.classes[rows]

    def head(self, encoder: Encoder, classes: int) -> torch.nn.Linear:
        return torch.nn.Linear(encoder.width, classes).to(self.tasks[0].texts.device)
