"""What a method of the long-tail arena sees while it trains, and the contrastive loss that several of them share."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.long_tail.stage._data import LongTailData
from methods.kit.stage.arena import Trial
from methods.kit.training import minibatches


@dataclass(frozen=True)
class Batch:
    x: Tensor        # (B, 1, H, W) shifted and flipped
    y: Tensor        # (B,)
    index: Tensor    # (B,) rows of task.x


class Task:
    """What a method sees of the experiment: training set, validation set, progress, batches and stages."""

    def __init__(self, data: LongTailData, trial: Trial, classes: int):
        options = trial.options
        self.x, self.y, self.candidates = data.x, data.y, data.candidates
        self.val_x, self.val_y = data.val_x, data.val_y
        self.classes, self.features = classes, options.features
        self.counts = torch.bincount(data.y, minlength=classes).clamp(min=1).float()    # (C,)
        self.batch_size, self.spent, self.budget = options.batch, 0, options.steps * options.batch
        self.rate, self._shift, self._flip = options.rate, options.shift, options.flip
        self._views, self._weighted = trial.generator("views"), trial.generator("weighted batches")
        self._epochs = minibatches(len(data.y), options.batch, options.steps, trial.generator("batches"))
        self._entered: set[float] = set()
        self.optimizer: torch.optim.Optimizer | None = None

    @property
    def progress(self) -> float:
        """Share of the gradient budget that is spent, 0 to 1."""
        return min(self.spent / self.budget, 1.0)

    def draw(self, class_weights: Tensor | None = None) -> Batch:
        """The next batch: shuffled epochs, or with replacement so that class c has probability ~ class_weights[c]."""
        if class_weights is None:
            return self.batch(next(self._epochs).to(self.y.device))
        each = (class_weights / self.counts)[self.y].cpu()
        index = torch.multinomial(each, self.batch_size, replacement=True, generator=self._weighted)
        return self.batch(index.to(self.y.device))

    def batch(self, index: Tensor) -> Batch:
        """The training pictures of the given rows, (B,), each in a fresh random view."""
        return Batch(self.augment(self.x[index]), self.y[index], index)

    def enters(self, share: float) -> bool:
        """True once, at the first step that begins with `share` of the budget spent."""
        if self.progress < share or share in self._entered:
            return False
        self._entered.add(share)
        return True

    def distort(self, x: Tensor) -> Tensor:
        """A stronger view for contrastive learning: a random window of 60 to 100 % of the side, and contrast."""
        n = len(x)
        zoom, contrast, across, down = torch.rand(4, n, generator=self._views).to(x.device)
        zoom = 0.6 + 0.4 * zoom
        theta = x.new_zeros(n, 2, 3)
        theta[:, 0, 0] = theta[:, 1, 1] = zoom
        theta[:, 0, 2], theta[:, 1, 2] = (1 - zoom) * (2 * across - 1), (1 - zoom) * (2 * down - 1)
        grid = F.affine_grid(theta, list(x.shape), align_corners=False)
        seen = F.grid_sample(self.augment(x), grid, padding_mode="border", align_corners=False)
        return seen * (0.7 + 0.6 * contrast)[:, None, None, None]

    def augment(self, x: Tensor) -> Tensor:
        """A randomly shifted (and, for clothing, mirrored) view of x, (B, 1, H, W)."""
        n, side, shift = len(x), x.shape[-1], self._shift
        corner = torch.randint(0, 2 * shift + 1, (2, n, 1), generator=self._views)
        rows, columns = corner + torch.arange(side)
        if self._flip:
            mirrored = torch.rand(n, 1, generator=self._views) < 0.5
            columns = torch.where(mirrored, columns.flip(1), columns)
        rows, columns = rows.to(x.device), columns.to(x.device)
        padded = F.pad(x, (shift,) * 4, mode="replicate")[:, 0]
        which = torch.arange(n, device=x.device)[:, None, None]
        return padded[which, rows[:, :, None], columns[:, None, :]][:, None]

    def begin_stage(self, parameters: Iterable[nn.Parameter], end: float = 1.0, rate: float = 1.0) -> None:
        """Train `parameters` alone from here to `end` of the budget, on a schedule of its own.

        `rate` multiplies the arena's learning rate. Without a call there is one stage for the whole network.
        """
        self._start, self._end, self._stage_rate = self.progress, end, rate * self.rate
        self.optimizer = torch.optim.SGD(parameters, self._stage_rate, momentum=0.9, nesterov=True, weight_decay=5e-4)

    def _schedule(self) -> None:
        done = (self.progress - self._start) / max(self._end - self._start, 1e-9)
        warm = min(1.0, (done + 0.01) / 0.05)
        for group in self.optimizer.param_groups:
            group["lr"] = self._stage_rate * warm * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def contrast(z: Tensor, positives: Tensor, temperature: Tensor | float, rivals: Tensor | None = None) -> Tensor:
    """Mean over anchors of -log softmax of their positives among their rivals.

    z (M, D) has unit rows, positives (M, M) is boolean; rivals (M, M), by default every other row, is what the
    softmax runs over. `temperature` is a number or (M, 1). Anchors without a positive do not count.
    """
    others = ~torch.eye(len(z), dtype=torch.bool, device=z.device)
    rivals = others if rivals is None else rivals & others
    similarity = (z @ z.T / temperature).masked_fill(~rivals, -1e9)
    log_p = similarity - similarity.logsumexp(1, keepdim=True)
    wanted = positives & rivals
    each = -(log_p * wanted).sum(1) / wanted.sum(1).clamp(min=1)
    return each[wanted.any(1)].mean() if wanted.any() else each.sum() * 0
