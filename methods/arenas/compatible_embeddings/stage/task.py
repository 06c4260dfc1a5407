"""What a method of the arena of compatible embeddings is given at each upgrade, and the training that all share."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.stage.arena import Trial
from methods.kit.stage.drawings import Kinds


class Task:
    """One upgrade: `train` are the drawings of the first `kinds` kinds, embeddings are `features` wide.

    `old` and `old_classifier` are the previous model, frozen, and None at first; it has learnt `old_kinds` kinds.
    `width` is that of the network, `old_width` that of the previous one.
    """

    def __init__(self, train: Kinds, trial: Trial, upgrade: int, old: tuple[nn.Module, nn.Module] | None):
        o = trial.options
        self.kinds, self.features, self.steps = o.upgrades[upgrade], o.features, o.steps
        self.old_kinds = o.upgrades[upgrade - 1] if old else 0
        seen = train.y < self.kinds
        self.train, self.trial, self.upgrade = Kinds(train.x[seen], train.y[seen]), trial, upgrade
        self.old, self.old_classifier = old or (None, None)
        widths = getattr(o, o.sizes)
        self.width = widths[upgrade]
        self.old_width = widths[max(0, upgrade - 1)]
        self._batches = trial.generator(f"batches {upgrade}")

    def network(self) -> nn.Module:
        """A new encoder: (N, W) -> (N, features), any sign."""
        return nn.Sequential(nn.Linear(self.train.x.shape[1], self.width), nn.ReLU(), nn.Linear(self.width, self.width),
                             nn.ReLU(), nn.Linear(self.width, self.features)).to(self.train.x.device)

    def last_network(self) -> nn.Module:
        """The previous network to go on with; a new one where there is none or the network is replaced."""
        if self.old is None or self.width != self.old_width:
            return self.network()
        return copy.deepcopy(self.old).requires_grad_(True)

    def batch(self) -> tuple[Tensor, Tensor]:
        """The next drawings (B, W), with noise, and their kinds (B,)."""
        rows = torch.randint(len(self.train), (self.trial.options.batch,), generator=self._batches)
        noise = torch.randn(len(rows), self.train.x.shape[1], generator=self._batches)
        x = self.train.x[rows.to(self.train.x.device)]
        return x + self.trial.options.noise * noise.to(x.device), self.train.y[rows.to(x.device)]

    def fit(self, parts: nn.Module, step: Callable[[], Tensor]) -> None:
        """The arena's steps of AdamW with warm-up over a tenth and a cosine; `step` gives the loss."""
        o = self.trial.options
        optimizer = torch.optim.AdamW([p for p in parts.parameters() if p.requires_grad], o.rate,
                                      weight_decay=o.decay)
        done, total = self.upgrade * self.steps, len(o.upgrades) * self.steps
        parts.train()
        for i in range(self.steps):
            optimizer.param_groups[0]["lr"] = o.rate * min(1, 10 * (i + 1) / self.steps) * 0.5 * (
                1 + math.cos(math.pi * i / self.steps))
            loss = step()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            self.trial.count(gradients=o.batch)
            if i % max(1, self.steps // 5) == 0 or i == self.steps - 1:
                self.trial.record(done + i + 1, total, loss=loss.item())
        parts.eval()


@torch.no_grad()
def embedded(net: nn.Module, x: Tensor) -> Tensor:
    """Embeddings (N, D) of all drawings, of length 1."""
    return F.normalize(torch.cat([net(part) for part in x.split(1000)]), dim=1)


def across(asked: Tensor, kept: Tensor, y: Tensor) -> float:
    """MAP@R in % of queries (N, D) among embeddings (N, D) that another model made of the same drawings, oneself left
    out; with as many drawings of each kind.

    >>> z = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.8, 0.3], [0.0, 1.0]])
    >>> across(z, z, torch.tensor([0, 0, 1, 1]))                       # the last finds its own kind first
    75.0
    """
    most, precisions = int(y.bincount()[0]) - 1, []
    for start in range(0, len(y), 1000):
        s = F.normalize(asked[start:start + 1000], dim=1) @ F.normalize(kept, dim=1).T
        s[torch.arange(len(s)), torch.arange(start, start + len(s))] = -torch.inf
        same = y[s.topk(most, 1).indices] == y[start:start + 1000, None]
        precisions.append((same.cumsum(1) / torch.arange(1, most + 1, device=y.device) * same).sum(1) / most)
    return 100 * torch.cat(precisions).double().mean().item()
