"""What a method of the domain-adaptation arena sees while it adapts, and the count of what it spends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from methods.arenas.domain_adaptation.stage._data import Domain, DomainData
from methods.arenas.domain_adaptation.stage.nets import DomainNet
from methods.kit.stage.arena import Trial
from methods.kit.training import minibatches

if TYPE_CHECKING:
    from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod


class Task:
    """What a method may see while it adapts to one target domain."""

    def __init__(self, data: DomainData, domain: Domain, number: int, trial: Trial):
        o = trial.options
        self._data, self._domain, self._trial = data, domain, trial
        self.number, self.domains, self.classes = number, len(data.domains), data.classes
        self.source_free, self.online, self.private = o.source_free, bool(o.stream), o.private
        self.batch_size, self.rate, self.step, self.spent = o.batch, o.rate, 0, 0
        self.budget = len(domain.test_x) if self.online else max(int(o.gradients * o.share), 1) * o.batch
        self.unlabelled = domain.test_x[:o.stream] if self.online else domain.x      # (N, C, H, W)
        self.reference = domain.reference if o.pairs else None                       # the same scenes, good conditions
        self.bought = torch.empty(0, dtype=torch.long, device=data.y.device)         # rows of `unlabelled`
        self.bought_y = self.bought.clone()
        self.random = trial.generator(f"method {number}")
        self._views = trial.generator(f"views {number}")
        self._source = minibatches(len(data.x), o.batch, 10**9, trial.generator(f"source {number}"))
        self._target = minibatches(len(domain.x), min(o.batch, len(domain.x)), 10**9,
                                   trial.generator(f"target {number}"))
        self._turns: dict[int, int] = {}
        self.optimizer: torch.optim.Optimizer | None = None

    @property
    def progress(self) -> float:
        """Share of the gradient budget that is spent, 0 to 1."""
        return min(self.spent / self.budget, 1.0)

    def due(self, times: int) -> bool:
        """True when first asked, and then once in each of the `times` equal parts of the budget."""
        turn = int(self.progress * times)
        if self._turns.get(times) == turn:
            return False
        self._turns[times] = turn
        return True

    def source(self) -> tuple[Tensor, Tensor]:
        """The next labelled source batch. Raises ValueError where the source is gone."""
        if self.source_free:
            raise ValueError("this setting has no source pictures; the method needs them")
        rows = next(self._source).to(self._data.y.device)
        return self.view(self._data.x[rows]), self._data.y[rows]

    def target(self) -> tuple[Tensor, Tensor]:
        """The next target batch: rows of `unlabelled` and their pictures, slightly shifted at random."""
        if self.online:
            rows = torch.arange(len(self.unlabelled), device=self._data.y.device)
        else:
            rows = next(self._target).to(self._data.y.device)
        return rows, self.view(self.unlabelled[rows])

    def labelled(self) -> tuple[Tensor, Tensor]:
        """The bought target pictures, shifted at random, with their labels; may be empty."""
        return self.view(self.unlabelled[self.bought]), self.bought_y

    def buy(self, rows: Tensor) -> None:
        fresh = rows[~torch.isin(rows, self.bought)]
        self.bought = torch.cat([self.bought, fresh])
        self.bought_y = self._domain.y[self.bought]
        self._trial.count(labels=len(fresh))

    def view(self, x: Tensor) -> Tensor:
        """x moved by up to one pixel each way; words stay as they are."""
        if x.shape[-1] == 1:
            return x
        down, right = torch.randint(-1, 2, (2,), generator=self._views).tolist()
        return torch.roll(x, (down, right), (2, 3))

    def strong_view(self, x: Tensor, share: float = 0.4) -> Tensor:
        """x moved, with noise, and a square (of words: a random `share`) blanked out."""
        x = self.view(x)
        noise = torch.randn(x.shape, generator=self._views).to(x) * 0.1
        if x.shape[-1] == 1:
            return x * (torch.rand(x.shape, generator=self._views) > share).to(x)
        side = max(int(x.shape[-1] * share), 1)
        corner = torch.randint(0, x.shape[-1] - side + 1, (2,), generator=self._views).tolist()
        hole = torch.ones_like(x[:1])
        hole[..., corner[0]:corner[0] + side, corner[1]:corner[1] + side] = 0
        return (x + noise) * hole

    def optimise(self, *groups: tuple[Iterable[nn.Parameter], float]) -> None:
        """Train these parameters, each group at its multiple of the arena's rate; everything else stands still."""
        self.optimizer = torch.optim.Adam([{"params": list(params), "lr": self.rate * times}
                                           for params, times in groups])


class Meter:
    """Counts the pictures that pass the network's body, and every copy's, with gradients and without.

    The body is where every pass goes through, also one that starts from an early feature map.
    """

    def __init__(self, net: nn.Module):
        rows = [0, 0]

        def count(module, inputs):      # a function, so that copies of the network keep counting here
            rows[torch.is_grad_enabled()] += len(inputs[0])

        self._rows, self._seen, self._hook = rows, 0, net.body.register_forward_pre_hook(count)

    @property
    def total(self) -> tuple[int, int]:
        """Pictures passed with gradients and without."""
        return self._rows[1], self._rows[0]

    def since(self) -> int:
        """Pictures passed with gradients since this was last asked."""
        more, self._seen = self._rows[1] - self._seen, self._rows[1]
        return more

    def remove(self) -> None:
        self._hook.remove()


def step(method: DomainAdaptationMethod, net: DomainNet, task: Task) -> float:
    """One step of the method; the loss, or zero when it had nothing to learn from."""
    net.train()
    loss = method.loss(net, task)
    task.step += 1
    if loss is None:
        return 0.0
    task.optimizer.zero_grad()
    loss.backward()
    task.optimizer.step()
    return loss.item()


def chosen_rows(rows: Tensor, many: int, task: Task) -> Tensor:
    """The rows, checked. Raises ValueError for rows that repeat, do not exist or are too many."""
    rows = torch.as_tensor(rows).to(task.bought.device)
    if len(rows) > many or len(rows.unique()) != len(rows) or not (0 <= rows).logical_and(
            rows < len(task.unlabelled)).all():
        raise ValueError(f"choose() must return at most {many} distinct rows of {len(task.unlabelled)}, not {rows}")
    return rows
