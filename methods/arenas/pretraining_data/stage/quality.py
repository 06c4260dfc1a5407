"""Passages by clusters, and by how near the model's own continuation is to what stands there."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from methods.arenas.pretraining_data.stage.task import Task
from methods.kit.lm_reading import nats


@torch.no_grad()
def own_gap(net: nn.Module, windows: Tensor, batch: int = 256) -> Tensor:
    """(N,) exp of the mean of log p(what stands there) - log p(what the model would say): 1 where they agree."""
    found = []
    for part in windows.split(batch):
        best = net(part[:, :-1].long()).log_softmax(-1).amax(-1)
        found.append((-nats(net, part) - best).mean(1).exp())
    return torch.cat(found)


def drawn(scores: Tensor, many: int, task: Task) -> Tensor:
    """So many rows without replacement, by probabilities proportional to the scores (exponential races)."""
    race = -(1 - task.noise(len(scores)) * 0.999999).log() / scores.clamp(min=1e-12)
    return race.topk(min(many, len(scores)), largest=False).indices


def parts(weights: Tensor, many: int) -> list[int]:
    """`many` split by weights into whole numbers, what is left to the largest remainders.

    >>> parts(torch.tensor([1.0, 1.0, 2.0]), 5)
    [1, 1, 3]
    """
    wanted = weights / weights.sum() * many
    found = wanted.floor()
    rest = many - int(found.sum())
    if rest > 0:
        found[(wanted - found + 1e-6 * weights).topk(rest).indices] += 1
    return [int(each) for each in found]


class ClusterQuality:
    """What the iterative and the static choice share: clusters, weights of clusters, draws by quality inside."""

    k = 32

    def choose(self, task: Task) -> Tensor:
        if not task.round:
            self.of, _ = task.clusters(task.states(task.pool), self.k)
            self.many = int(self.of.max()) + 1
            self.quality = own_gap(task.start, task.pool)
            self.weight = torch.bincount(self.of, minlength=self.many).float() if task.rounds == 1 else \
                torch.ones(self.many)
            self.free = torch.ones(len(task.pool), dtype=torch.bool, device=task.device)
        else:
            gained = own_gap(task.net, task.pool[task.kept])
            sums = torch.zeros(self.many, device=task.device).index_add_(0, self.of[task.kept], gained)
            counts = torch.bincount(self.of[task.kept], minlength=self.many).clamp(min=1)
            self.weight = self.weight.to(task.device) * sums / counts
            self.weight = self.weight / self.weight.sum().clamp(min=1e-12)
        rows = []
        for j, many in enumerate(parts(self.weight.cpu(), task.now)):
            inside = ((self.of == j) & self.free).nonzero()[:, 0]
            rows.append(inside[drawn(self.quality[inside], many, task)])
        found = torch.cat(rows)
        self.free[found] = False
        return found
