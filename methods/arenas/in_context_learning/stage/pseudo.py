"""Classes that nobody gave: clusters of the inputs, dealt to labels anew in each prompt."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.arenas.in_context_learning.arena import InContextLearningMethod
from methods.arenas.in_context_learning.stage.task import Task


class Pseudo(InContextLearningMethod):
    """Prompts of clusters; in a share `burst` of them the pairs are of the queries' clusters, else of others."""

    clusters, burst = 200, 0.9

    def prepare(self, task):
        self.y = None if task.numbers else clustered(task.x, min(self.clusters, len(task.x) // 12), task)
        return task.reader()

    def episode(self, task: Task):
        x, y = task.episode() if self.y is None else task.episode(*enough(task.x, self.y, task))
        k, other = task.length, task.lots(len(x)) >= self.burst
        pairs = torch.where(other[:, None, None], x[:, :k].roll(1, 0), x[:, :k])
        named = torch.where(other[:, None], y[:, :k].roll(1, 0), y[:, :k])
        return torch.cat([pairs, x[:, k:]], 1), torch.cat([named, y[:, k:]], 1)


def clustered(x: Tensor, many: int, task: Task, rounds: int = 6) -> Tensor:
    """(N,) the cluster of each by k-means from drawn first centres."""
    centres = x[torch.randperm(len(x), generator=task.generator)[:many].to(x.device)]
    for _ in range(rounds):
        of = torch.cat([torch.cdist(part, centres).argmin(1) for part in x.split(4000)])
        sums = torch.zeros_like(centres).index_add(0, of, x)
        counts = of.bincount(minlength=many)[:, None]
        centres = torch.where(counts > 0, sums / counts.clamp(min=1), centres)
    return of


def enough(x: Tensor, y: Tensor, task: Task) -> tuple[Tensor, Tensor]:
    """Those of clusters that are large enough for a prompt, with clusters numbered anew."""
    kept = y.bincount() >= task.options.shots + task.options.queries
    rows = kept[y]
    return x[rows], (kept.long().cumsum(0) - 1)[y[rows]]
