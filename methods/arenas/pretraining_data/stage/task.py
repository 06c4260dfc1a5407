"""What a method that chooses passages is given."""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.lm_nets import Body
from methods.kit.lm_reading import mean_states, passage_losses, trained


class Task:
    """`pool` (N, 65) are the passages there are, `keep` how many may be kept in all, `now` how many in this round;
    `sample` (M, 65) are clean passages of what will be asked, `annotated` and `good` some passages of which it is known
    whether they are clean. `net` is the model that learns; `start` is what it began as, `teacher` has read much more,
    `ladder` are five models from weak to strong. `kept` are the rows kept so far, `round` counts rounds, `progress`
    goes from 0 to 1 in the training. `wanted` is for references alone: which passages are right."""

    def __init__(self, data, trial, blank: Body):
        o = trial.options
        self.options, self.device, self.trial = o, trial.device, trial
        self._blank = blank.to(trial.device)
        self.pool, self.sample, self.annotated, self.good = data.pool, data.sample, data.annotated, data.good
        self.wanted, self.ladder, self.sizes = data.wanted, data.ladder, data.sizes
        self.start: Body = data.ladder[o.begin]
        self.teacher: Body = data.ladder[-1]
        self.net: Body = deepcopy(self.start).requires_grad_(True)
        self.generator = trial.generator("choice")
        self.keep, self.round, self.rounds, self.progress = round(o.keep * len(data.pool)), 0, 1, 0.0
        self.kept = torch.empty(0, dtype=torch.long, device=trial.device)
        self._known: dict[int, Tensor] = {}

    @property
    def now(self) -> int:
        return self.keep * (self.round + 1) // self.rounds - self.keep * self.round // self.rounds

    def losses(self, net: nn.Module, windows: Tensor | None = None) -> Tensor:
        """(N,) nats a piece of each pool passage, or of those given."""
        if windows is not None:
            return passage_losses(net, windows)
        self.trial.count(scored=len(self.pool))
        return passage_losses(net, self.pool)

    def states(self, windows: Tensor, net: nn.Module | None = None) -> Tensor:
        """(N, D) mean last states of the start, or of a model."""
        self.trial.count(scored=len(windows))
        return mean_states(net or self.start, windows)

    @cached_property
    def reference(self) -> nn.Module:
        """A fresh model after a short training on passages of the pool."""
        return self.checkpoints(1)[0]

    def checkpoints(self, many: int) -> list[nn.Module]:
        """A fresh model at equally spaced moments of a short training on passages of the pool, the end last."""
        steps, found = self.options.reference, []

        def after(i: int, net: nn.Module) -> None:
            if (i + 1) * many % steps < many:
                found.append(deepcopy(net).eval())

        trained(deepcopy(self._blank), self.pool, steps, 0.01, self.generator,
                self.options.batch, after=after)
        self.trial.count(windows_of_scorers=steps * self.options.batch)
        return found

    def grams(self, windows: Tensor) -> Tensor:
        """(N, buckets) counts of hashed pieces and pairs of pieces."""
        windows = windows.long().clamp(min=0)
        buckets = self.options.buckets
        pairs = (windows[:, :-1] * 7919 + windows[:, 1:] * 104729 + 1) % buckets
        return torch.zeros(len(windows), buckets, device=windows.device).scatter_add_(
            1, torch.cat([windows % buckets, pairs], 1), torch.ones(1, device=windows.device).expand(
                len(windows), 2 * windows.shape[1] - 1))

    def random(self, many: int, among: Tensor | None = None) -> Tensor:
        """So many rows (or all there are), all alike likely; of the whole pool or of some rows."""
        rows = torch.arange(len(self.pool), device=self.device) if among is None else among
        return rows[torch.randperm(len(rows), generator=self.generator)[:many].to(self.device)]

    def noise(self, many: int) -> Tensor:
        """(many,) uniform numbers."""
        return torch.rand(many, generator=self.generator).to(self.device)

    def clusters(self, x: Tensor, k: int, turns: int = 10) -> tuple[Tensor, Tensor]:
        """k-means of rows: the cluster (N,) of each and the centres (k, D)."""
        k = min(k, len(x))
        centres = x[torch.randperm(len(x), generator=self.generator)[:k].to(x.device)]
        for _ in range(turns):
            of = torch.cdist(x, centres).argmin(1)
            counts = torch.bincount(of, minlength=k)[:, None]
            sums = torch.zeros_like(centres).index_add_(0, of, x)
            centres = torch.where(counts > 0, sums / counts.clamp(min=1), centres)
        return torch.cdist(x, centres).argmin(1), centres


def logistic(x: Tensor, y: Tensor, decay: float = 1e-3, turns: int = 30) -> nn.Linear:
    """Logistic regression, both classes of equal weight.

    >>> x = torch.tensor([[1.0], [2.0], [-1.0], [-2.0]])
    >>> bool(logistic(x, torch.tensor([1.0, 1.0, 0.0, 0.0])).weight > 0)
    True
    """
    line = nn.Linear(x.shape[1], 1).to(x.device)
    nn.init.zeros_(line.weight)
    nn.init.zeros_(line.bias)
    weight = torch.where(y > 0.5, 0.5 / y.mean().clamp(min=1e-6), 0.5 / (1 - y).mean().clamp(min=1e-6))
    optimizer = torch.optim.LBFGS(line.parameters(), max_iter=turns, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = F.binary_cross_entropy_with_logits(line(x)[:, 0], y, weight) + decay * line.weight.square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(closure)
    return line.requires_grad_(False)


def top(scores: Tensor, many: int) -> Tensor:
    """The rows with the highest scores.

    >>> top(torch.tensor([0.1, 0.9, 0.5]), 2).tolist()
    [1, 2]
    """
    return scores.topk(min(many, len(scores))).indices


def gram_classifier(task: Task, good: Tensor, bad: Tensor) -> Tensor:
    """(N,) how much a linear n-gram classifier of good against bad passages likes each of the pool."""
    y = torch.cat([torch.ones(len(good)), torch.zeros(len(bad))]).to(task.device)
    line = logistic(task.grams(torch.cat([good, bad])).sqrt(), y)
    return line(task.grams(task.pool).sqrt())[:, 0]
