"""Two trained methods with one place to change each: meanings mapped to features, and features of cells to meanings."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.zero_shot.arena import ZeroShotMethod
from methods.arenas.zero_shot.stage.task import Task
from methods.kit.params import param


def layers(into: int, hidden: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(into, hidden), nn.ReLU(), nn.Linear(hidden, out))


class MappedMeanings(ZeroShotMethod):
    """A network takes vectors of kinds to where their drawings are; the nearest is the answer."""

    steps: int = param(150, "steps of training", low=1, high=400)
    rate: float = param(0.003, "learning rate", low=1e-5, high=0.1)

    def extra(self, task: Task) -> list[nn.Parameter]:
        """Further parameters to be trained."""
        return []

    def also(self, mapped: Tensor, task: Task) -> Tensor | None:
        """A further loss, of the mapped vectors (seen, D) of all seen kinds."""
        return None

    def fit(self, task: Task) -> None:
        x, y, seen = task.features(task.x) * task.width**0.5, task.y, task.vectors[:task.seen]
        self.net = layers(seen.shape[1], 2 * task.trial.options.hidden, x.shape[1]).to(x.device)
        optimizer = torch.optim.Adam([*self.net.parameters(), *self.extra(task)], self.rate, weight_decay=1e-4,
                                     fused=True)
        steps = max(1, self.steps // task.trial.options.shorter)
        with torch.enable_grad():
            for step in range(steps):
                optimizer.param_groups[0]["lr"] = self.rate * (1 - step / steps)
                rows = torch.randint(len(x), (256,), device=x.device)
                mapped = self.net(seen)
                loss = (mapped[y[rows]] - x[rows]).square().mean()
                more = self.also(mapped, task)
                loss = loss if more is None else loss + more
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                if step % max(1, steps // 10) == 0 or step == steps - 1:
                    task.trial.record(step + 1, steps, loss=loss.item())
        with torch.no_grad():
            self.prototypes = self.net(task.vectors)

    def scores(self, x: Tensor, task: Task) -> Tensor:
        return -torch.cdist(task.features(x) * task.width**0.5, self.prototypes).square()


def outranked(scores: Tensor, tags: Tensor) -> Tensor:
    """Mean over questions of the mean of log(1 + exp(s_n - s_p)) over tags p it has and n it has not; (N, S) both.

    >>> round(outranked(torch.tensor([[1.0, 1.0]]), torch.tensor([[True, False]])).item(), 4)                 # log 2
    0.6931
    """
    row, kind = tags.nonzero(as_tuple=True)
    apart = F.softplus(scores[row] - scores[row, kind][:, None]).masked_fill(tags[row], 0).sum(1)
    weight = 1 / (tags.sum(1) * (~tags).sum(1)).clamp(min=1)
    return (apart * weight[row]).sum() / len(tags)


class TaggingMethod(ZeroShotMethod):
    """A network takes features to where names are; tags that a question has shall outrank those that it has not."""

    steps: int = param(150, "steps of training", low=1, high=400)
    rate: float = param(0.003, "learning rate", low=1e-5, high=0.1)

    def pooled(self, cells: Tensor, vectors: Tensor) -> Tensor:
        """(N, C) of features of cells (N, K, W) and vectors (C, T) of kinds."""
        raise NotImplementedError

    def fit(self, task: Task) -> None:
        bags, seen = task.features(task.bags) * task.width**0.5, task.vectors[:task.seen]
        self.net = layers(bags.shape[2], 2 * task.trial.options.hidden, seen.shape[1]).to(bags.device)
        optimizer = torch.optim.Adam(self.net.parameters(), self.rate, fused=True)
        steps = max(1, self.steps // task.trial.options.shorter)
        with torch.enable_grad():
            for step in range(steps):
                optimizer.param_groups[0]["lr"] = self.rate * (1 - step / steps)
                rows = torch.randint(len(bags), (64,), device=bags.device)
                loss = outranked(self.pooled(bags[rows], seen), task.tags[rows])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                if step % max(1, steps // 10) == 0 or step == steps - 1:
                    task.trial.record(step + 1, steps, loss=loss.item())

    def bag_scores(self, cells: Tensor, task: Task) -> Tensor:
        with torch.no_grad():
            return self.pooled(task.features(cells) * task.width**0.5, task.vectors)

    def scores(self, x: Tensor, task: Task) -> Tensor:
        return self.bag_scores(x[:, None], task)
