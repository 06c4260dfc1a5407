"""What a method of mixtures is given: texts of several fields, models that have read before, and a loop to train in."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.lm_nets import Body, Feed, groups

PROMPT = 16             # pieces of a window that are only given when it is asked


@dataclass
class Task:
    """`windows` (N, 65) to learn from, and the field (N,) of each; `vectors` (F, V) say what each field's text is like.

    `active` is how many hidden units a piece may use, `total` how many all experts together may have. `seed` is a
    dense model that has read other text, or None; `specialists` are copies of it that have read on, in one field each,
    or there are none. `stage` is 1 once the last field has arrived, `steps` are the batches of a stage.
    """

    windows: Tensor
    fields: Tensor
    vectors: Tensor
    blank: Body
    seed: Body | None
    specialists: list[Body]
    active: int
    total: int
    rate: float
    batch: int
    steps: int
    generator: torch.Generator
    note: Callable[[float, int], None]          # of a step's loss and windows
    stage: int = 0

    def net(self) -> Body:
        """The dense model to begin with: the seed, where there is one, else one that has read nothing."""
        return deepcopy(self.blank if self.seed is None else self.seed).requires_grad_(True)

    def train(self, net: nn.Module, loss: Callable[[Tensor, Tensor], Tensor], *, steps: int | None = None,
              rows: Tensor | None = None, rate: float = 1.0, after: Callable[[], None] | None = None
              ) -> torch.optim.Optimizer:
        """Steps of AdamW on loss(windows, fields) of batches of the rows, all in mixed order before any comes again.
        The rate warms up for a tenth and falls by a cosine to a tenth."""
        steps, learnt = self.steps if steps is None else steps, [p for p in net.parameters() if p.requires_grad]
        rows = torch.arange(len(self.windows)) if rows is None else rows
        optimizer = torch.optim.AdamW(groups(net, 0.05), self.rate * rate, betas=(0.9, 0.98))
        order = torch.empty(0, dtype=torch.long)
        for step in range(steps):
            while len(order) < self.batch:
                order = torch.cat([order, rows[torch.randperm(len(rows), generator=self.generator)]])
            now, order = order[:self.batch].to(self.windows.device), order[self.batch:]
            for group in optimizer.param_groups:
                group["lr"] = self.rate * rate * min(1.0, (step + 1) / (0.1 * steps)) * (
                    0.1 + 0.45 * (1 + math.cos(math.pi * step / steps)))
            value = loss(self.windows[now], self.fields[now])
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            torch.nn.utils.clip_grad_norm_(learnt, 1.0)
            optimizer.step()
            if after is not None:
                after()
            self.note(value.item(), len(now))
        return optimizer


def feeds(net: nn.Module) -> list[nn.Module]:
    """The feed-forward parts of a body, one a block.

    >>> [type(feed).__name__ for feed in feeds(Body(8, 16, 1, 1))]
    ['Feed']
    """
    return [block.feed for block in net.blocks]  # type: ignore[union-attr, operator]


def nats(logits: Tensor, windows: Tensor) -> Tensor:
    """(B, T) the loss of every piece but the first of windows (B, T + 1).

    >>> round(nats(torch.zeros(1, 1, 4), torch.tensor([[0, 3]])).item(), 4)          # log 4
    1.3863
    """
    wanted = windows[:, 1:].long()
    return F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="none").view(wanted.shape)


def averaged(nets: list[Body], weights: list[float] | None = None) -> Body:
    """The mean of the weights of models of one shape.

    >>> a, b = Body(8, 16, 1, 1), Body(8, 16, 1, 1)
    >>> torch.allclose(averaged([a, b]).embed.weight, (a.embed.weight + b.embed.weight) / 2)
    True
    """
    weights = [1 / len(nets)] * len(nets) if weights is None else weights
    mean = deepcopy(nets[0]).requires_grad_(True)
    every = [dict(net.named_parameters()) for net in nets]
    with torch.no_grad():
        for name, value in mean.named_parameters():
            value.copy_(sum(w * each[name] for w, each in zip(weights, every, strict=True)))  # type: ignore[arg-type]
    return mean


__all__ = ["PROMPT", "Body", "Feed", "Task", "averaged", "feeds", "nats"]
