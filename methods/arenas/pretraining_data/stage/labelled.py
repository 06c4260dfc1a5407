"""What annotated passages teach: which parts of eight pieces, and which passages, are good."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.pretraining_data.stage.task import Task, logistic
from methods.kit.lm_reading import nats

PART = 8


@torch.no_grad()
def part_features(task: Task, windows: Tensor) -> Tensor:
    """(N, parts, D + 1) mean of the last states over each eight pieces, and their mean loss under the start."""
    found = []
    for some in windows.split(256):
        states = task.start.norm(task.start.states(some[:, :-1].long())[-1])
        losses = nats(task.start, some)
        found.append(torch.cat([states.unflatten(1, (-1, PART)).mean(2),
                                losses.unflatten(1, (-1, PART)).mean(2, keepdim=True)], 2))
    return torch.cat(found)


class Editor:
    """A logistic rule a passage and one a part, learnt on annotated passages."""

    def __init__(self, task: Task):
        parts = part_features(task, task.annotated)
        whole = self._whole(parts)
        self.moments = [(x.mean(0), x.std(0).clamp(min=1e-6)) for x in (whole, parts.flatten(0, 1))]
        y = task.good.float()
        self.passage = logistic(self._scaled(whole, 0), y)
        self.part = logistic(self._scaled(parts.flatten(0, 1), 1), y.repeat_interleave(parts.shape[1]))

    def chances(self, task: Task, windows: Tensor) -> tuple[Tensor, Tensor]:
        """(N,) and (N, parts): how likely passages and their parts are good."""
        parts = part_features(task, windows)
        whole = self.passage(self._scaled(self._whole(parts), 0))[:, 0].sigmoid()
        return whole, self.part(self._scaled(parts.flatten(0, 1), 1))[:, 0].sigmoid().view(parts.shape[:2])

    @staticmethod
    def _whole(parts: Tensor) -> Tensor:
        return torch.cat([parts.mean(1), parts.std(1)], 1)

    def _scaled(self, x: Tensor, which: int) -> Tensor:
        mean, deviation = self.moments[which]
        return (x - mean) / deviation


def without(windows: Tensor, bad: Tensor, empty: int) -> Tensor:
    """Passages from which parts (N, parts) of eight pieces are cut, `empty` at the end; the first piece stays.

    >>> without(torch.arange(17)[None], torch.tensor([[True, False]]), -1)[0].tolist()[:10]
    [0, 9, 10, 11, 12, 13, 14, 15, 16, -1]
    """
    gone = F.pad(bad.repeat_interleave(PART, 1), (1, 0))
    return windows.masked_fill(gone, empty).gather(1, gone.int().argsort(dim=1, stable=True))


class PageReader(nn.Module):
    """A layer of attention over the parts of a passage, then a chance each."""

    def __init__(self, width: int):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.0, batch_first=True)
        self.head = nn.Linear(width, 1)

    def forward(self, parts: Tensor) -> Tensor:
        return self.head(self.layer(parts))[..., 0]
