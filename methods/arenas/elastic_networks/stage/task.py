"""What a method of the arena of elastic networks is given: pictures, a budget of training, and sizes to serve."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.elastic_networks.stage.choices import Choices
from methods.arenas.elastic_networks.stage.nets import ALONE_STEPS, BATCH, RATE, WIDTHS, Net, anchors, falling, kept
from methods.kit.stage.arena import Trial


class Task:
    """`watch` are pictures (N, D) and classes (N,) for validation. `full` is the cost of the largest net, `sizes` are
    the costs asked for. Training is paid for in steps of the full net: a step counts by its multiply-adds."""

    def __init__(self, train: tuple[Tensor, Tensor], watch: tuple[Tensor, Tensor], world: int, trial: Trial):
        self._train, self.watch, self._world, self.trial = train, watch, world, trial
        self.pixels, self.device = train[0].shape[1], trial.device
        self.small, self.widths = trial.options.small, tuple(w // (4 if trial.options.small else 1) for w in WIDTHS)
        self.full = self.net(WIDTHS[-1]).cost
        self.sizes = [share * self.full for share in trial.options.sizes]
        self.budget, self.spent = float(trial.options.budget), 0.0
        self._rows, self._draws = trial.generator("rows"), trial.generator("draws")

    @property
    def progress(self) -> float:
        """Part of the budget that is spent."""
        return self.spent / self.budget

    def net(self, width: int) -> Net:
        """A net with weights drawn anew; `width` as at full scale."""
        return Net(self.pixels, width // (4 if self.small else 1)).to(self.device)

    def choices(self) -> Choices:
        """A network whose every block may be one of several."""
        return Choices(self.pixels, 4 if self.small else 1).to(self.device)

    def anchors(self) -> list[Net]:
        """Three trained nets, the smallest first; their training is paid for."""
        nets = [net.to(self.device) for net in anchors(self._world, self.small, self.trial.progress)]
        self.spent += sum(net.cost for net in nets) / self.full * self.trial.options.anchor_steps
        return nets

    def alone(self) -> list[Net]:
        """Nets of all widths, each trained for as many steps as the budget has, which is not paid for: a bound."""
        return [kept(self._world, width, ALONE_STEPS, self.small, self.trial.progress).to(self.device)
                for width in WIDTHS]

    def draw(self, below: int) -> int:
        return int(torch.randint(below, (1,), generator=self._draws))

    def sample(self, many: int) -> Tensor:
        """Pictures (many, D) to train on."""
        return self._train[0][torch.randint(len(self._train[0]), (many,), generator=self._rows).to(self.device)]

    def learn(self, parameters: Iterable[Tensor], loss: Callable[[Tensor, Tensor], tuple[Tensor, float]],
              share: float = 1.0, rate: float = RATE) -> None:
        """Steps of Adam on batches of pictures (b, D) and classes (b,) until a share of what is left of the budget is
        spent; `loss` gives the loss and the multiply-adds of what was run. The rate falls to nothing by a cosine."""
        optimizer = torch.optim.Adam(list(parameters), rate)
        begin, until, steps = self.spent, self.spent + share * (self.budget - self.spent), 0
        x, y = self._train
        with torch.enable_grad():
            while self.spent < until:
                optimizer.param_groups[0]["lr"] = rate * falling((self.spent - begin) / (until - begin))
                rows = torch.randint(len(x), (BATCH,), generator=self._rows).to(self.device)
                value, cost = loss(x[rows], y[rows])
                optimizer.zero_grad(set_to_none=True)
                value.backward()
                optimizer.step()
                self.spent += cost / self.full
                steps += 1
                if steps % 100 == 1:
                    self.trial.record(int(self.spent), int(self.budget), loss=value.item())
        self.trial.count(steps=steps)

    def loss(self, net: nn.Module, many: int = 3000) -> float:
        """Cross-entropy on pictures for validation."""
        with torch.no_grad():
            return F.cross_entropy(net(self.watch[0][:many]), self.watch[1][:many]).item()


