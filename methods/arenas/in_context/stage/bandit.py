"""A neural bandit over lists of demonstrations, one for each task, all at once."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.in_context.stage.task import Task


class Surrogates:
    """E small networks z -> relu(z A) b, each fitted to what its task's lists scored."""

    def __init__(self, tasks: int, width: int, hidden: int, lam: float, like: Tensor):
        self.a = (torch.randn(tasks, width, hidden, device=like.device) / width ** 0.5).requires_grad_()
        self.b = (torch.randn(tasks, hidden, device=like.device) / hidden ** 0.5).requires_grad_()
        self.optimizer = torch.optim.Adam([self.a, self.b], 0.01)
        self.seen = lam * torch.ones(tasks, (width + 1) * hidden, device=like.device)

    def mean(self, z: Tensor) -> Tensor:
        """(E, N) of lists z (E, N, D)."""
        return (F.relu(z @ self.a) @ self.b[:, :, None]).squeeze(2)

    def gradients(self, z: Tensor) -> Tensor:
        """(E, N, parameters): of the mean by A and b."""
        with torch.no_grad():
            before = z @ self.a
            by_a = z[:, :, :, None] * ((before > 0) * self.b[:, None])[:, :, None]
            return torch.cat([by_a.flatten(2), F.relu(before)], 2)

    def bound(self, z: Tensor, nu: float) -> Tensor:
        """mean + nu sigma, sigma^2 = g' U^-1 g with U the diagonal of lam I + sum g g' over the lists tried."""
        with torch.no_grad():
            return self.mean(z) + nu * (self.gradients(z).square() / self.seen[:, None]).sum(2).sqrt()

    def fit(self, z: Tensor, scores: Tensor, steps: int) -> None:
        """To the scores (E, N) of lists z (E, N, D), standardised within the task."""
        y = (scores - scores.mean(1, keepdim=True)) / scores.std(1, keepdim=True, correction=0).clamp(min=1e-6)
        with torch.enable_grad():
            for _ in range(steps):
                loss = (self.mean(z) - y).square().mean(1).sum()
                self.optimizer.zero_grad(set_to_none=True)
                loss.backward()
                self.optimizer.step()

    def note(self, z: Tensor) -> None:
        self.seen = self.seen + self.gradients(z[:, None]).squeeze(1).square()


def transport(cost: Tensor, sharpness: float = 20.0, rounds: int = 10) -> Tensor:
    """(...,) cost of moving equal shares of N things to equal shares of M by costs (..., N, M), by Sinkhorn."""
    log_k = -sharpness * cost
    u, v = torch.zeros_like(cost[..., :1]), torch.zeros_like(cost[..., :1, :])
    n, m = cost.shape[-2:]
    for _ in range(rounds):
        u = -torch.logsumexp(log_k + v, -1, keepdim=True) - torch.tensor(float(n)).log()
        v = -torch.logsumexp(log_k + u, -2, keepdim=True) - torch.tensor(float(m)).log()
    return ((log_k + u + v).exp() * cost).sum((-2, -1))


def random_lists(task: Task, many: int) -> Tensor:
    """(E, many, K)."""
    e, p = task.pool.topics.shape
    return torch.rand(e, many, p, device=task.pool.topics.device).argsort(2)[:, :, :task.shots]


def nearest_lists(task: Task, lists: Tensor, keep: int) -> Tensor:
    """The `keep` of lists (E, N, K) whose demonstrations are the cheapest to move onto the validation questions."""
    at = torch.arange(len(lists), device=lists.device)[:, None, None]
    z = F.normalize(task.pool.features, dim=2)[at, lists]                                              # (E, N, K, F)
    cost = 1 - z.flatten(1, 2) @ F.normalize(task.validation.features, dim=2).transpose(1, 2)
    chosen = transport(cost.view(*lists.shape, -1)).topk(min(keep, lists.shape[1]), 1, largest=False).indices
    return lists.gather(1, chosen[:, :, None].expand(-1, -1, lists.shape[2]))


def search(task: Task, embed: Callable[[Tensor], Tensor], draw: Callable[[], Tensor], nu: float,
           first: int) -> Tensor:
    """The best list (E, K) found by so many evaluations as the arena allows, the `first` of them at random.

    `embed` gives vectors (E, N, D) of lists (E, N, K), `draw` lists to choose the next from.
    """
    tried = random_lists(task, min(first, task.evaluations))
    scores = torch.stack([task.one_list(rows) for rows in tried.unbind(1)], 1)
    z = embed(tried)
    nets = Surrogates(len(tried), z.shape[2], 32, 1.0, z)
    for i in range(z.shape[1]):
        nets.note(z[:, i])
    for _ in range(task.evaluations - tried.shape[1]):
        nets.fit(z, scores, 10)
        lists = draw()
        of_lists = embed(lists)
        chosen = nets.bound(of_lists, nu).argmax(1)
        at = torch.arange(len(lists), device=lists.device)
        rows, new = lists[at, chosen], of_lists[at, chosen]
        nets.note(new)
        tried, z = torch.cat([tried, rows[:, None]], 1), torch.cat([z, new[:, None]], 1)
        scores = torch.cat([scores, task.one_list(rows)[:, None]], 1)
    return tried[torch.arange(len(tried), device=tried.device), scores.argmax(1)]
