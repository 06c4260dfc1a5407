"""What a method of pretraining for few drawings is given, and the training that all share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.params import param
from methods.kit.stage.arena import Trial
from methods.kit.stage.augmentations import view
from methods.kit.stage.encoders import settle_norms, strided_encoder


def rate_factor(chosen: float):
    """How fast a method learns, as a factor on the arena's rate."""
    return param(chosen, "factor on the arena's learning rate", choices=(0.3, 1.0, 3.0))


@dataclass(frozen=True)
class Episodes:
    """Places in a set of pictures: `support` (E, W, S) of W kinds, S drawings of each, `query` (E, Q), their kinds `y`
    (E, Q), -1 for none of the W, and `others` (E, W, M), further drawings of the kinds, for upper bounds alone."""

    support: Tensor
    query: Tensor
    y: Tensor
    others: Tensor

    def __len__(self) -> int:
        return len(self.y)

    def part(self, start: int, end: int) -> Episodes:
        return Episodes(*(each[start:end] for each in (self.support, self.query, self.y, self.others)))


@dataclass(frozen=True)
class Asked:
    """Episodes without answers: features `support` (E, W, S, D) and `query` (E, Q, D). `support_x` (E, W, S, 1, H, W)
    and `query_x` (E, Q, 1, H, W) are the drawings, for methods that adapt the network to an episode; `many` (E, W, D)
    the mean feature of further drawings, for upper bounds."""

    support: Tensor
    query: Tensor
    support_x: Tensor | None = None
    query_x: Tensor | None = None
    many: Tensor | None = None


class Task:
    """`pictures` (N, 1, H, W) of `kinds` kinds, `labels` (N,) None for methods that learn without; `other` and
    `other_labels` a few drawings of other kinds in the look of the episodes; `shots` of an episode. `generator` is for
    the method's own draws, `progress` goes from 0 to 1 while training."""

    def __init__(self, base: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor], validation: tuple[Tensor, Episodes],
                 trial: Trial, *, labels: bool):
        o = trial.options
        self.pictures, self.labels = base[0], base[1] if labels else None
        self.other, self.other_labels = other[0], other[1] if labels else None
        self.val_x, self.validation = validation if labels else (validation[0][:0], validation[1].part(0, 0))
        self.kinds, self.other_kinds = int(base[1].max()) + 1, int(other[1].max()) + 1
        self.trial, self.shots = trial, o.shots
        self.batch, self.budget, self.features = o.batch, o.batch * o.steps, o.features
        self.generator, self._views = trial.generator("method"), trial.generator("views")
        self.progress, self.trained, self._passed = 0.0, 0, 0
        self.mean = torch.zeros(0)
        self._rows = [torch.arange(0)] if not labels else [(base[1] == kind).nonzero()[:, 0]
                                                           for kind in range(self.kinds)]
        self._other_rows = [(other[1] == kind).nonzero()[:, 0] for kind in range(self.other_kinds)] if labels else []

    def encoder(self) -> nn.Module:
        """A new encoder (N, 1, H, W) -> (N, features), none negative: three convolutions and a layer, each with a batch
        norm and a ReLU behind it."""
        return strided_encoder(self.pictures.shape[-1], self.trial.options.width, self.features).to(
            self.pictures.device)

    def draw(self, many: int) -> Tensor:
        """Places of `many` drawings."""
        return torch.randint(len(self.pictures), (many,), generator=self.generator).to(self.pictures.device)

    def view(self, x: Tensor, strength: float = 0.45) -> Tensor:
        """Another view of each picture; up to 0.5 of them weak (slightly turned, zoomed, moved), at 1 strong, with a
        block left out."""
        return view(x, self._views, strength)

    def episode(self, ways: int, each: int, *, other: bool = False) -> Tensor:
        """Drawings (ways, each, 1, H, W) of as many kinds, `other` of the few others."""
        rows, x = (self._other_rows, self.other) if other else (self._rows, self.pictures)
        chosen = torch.randperm(len(rows), generator=self.generator)[:ways].tolist()
        return torch.stack([x[rows[kind][torch.randperm(len(rows[kind]), generator=self.generator)[:each]]]
                            for kind in chosen])

    def settle(self, net: nn.Module, x: Tensor | None = None) -> None:
        """Batch norms take the statistics of these pictures, by default of 2,000 base drawings."""
        settle_norms(net, self.pictures if x is None else x)

    def pay(self, many: int) -> None:
        """Count pictures that pass through parts of the network only, with gradients on."""
        self._passed += many

    def split(self) -> tuple[int, int, int]:
        """Kinds, given drawings and queries of a training episode: as many given as in the test; at least as many
        queries."""
        queries = max(self.shots, 4)
        return min(self.batch // (self.shots + queries), self.kinds), self.shots, queries

    def unit(self, x: Tensor) -> Tensor:
        """Features (..., D) less the mean of the base drawings', at length one."""
        return F.normalize(x - self.mean, dim=-1)

    @torch.no_grad()
    def embed(self, net: nn.Module, x: Tensor) -> Tensor:
        return torch.cat([net(part) for part in x.split(2000)])

    def practice(self, net: nn.Module, adapts: bool = False) -> tuple[Asked, Tensor]:
        """The validation episodes as `classify` would see them, and their answers."""
        net.eval()
        v, z = self.validation, self.embed(net, self.val_x)
        self.mean = self.embed(net, self.pictures[:2000]).mean(0)
        shown = (self.val_x[v.support], self.val_x[v.query]) if adapts else (None, None)
        return Asked(z[v.support], z[v.query], *shown), v.y

    def train(self, modules: nn.Module, step: Callable[[], Tensor], *, counted: nn.Module, rate: float = 1.0,
              share: float = 1.0) -> None:
        """Steps of AdamW on `modules` until `share` of the budget is spent, with warm-up over a tenth and a cosine.

        `step` returns the loss. What is paid for is each picture that passes through `counted` with gradients on.
        """
        o, spent, budget = self.trial.options, 0, self.budget * share
        optimizer = torch.optim.AdamW([p for p in modules.parameters() if p.requires_grad], rate * o.rate,
                                      weight_decay=o.decay)
        self.trained = sum(p.numel() for group in optimizer.param_groups for p in group["params"])
        hook = counted.register_forward_pre_hook(self._count)
        modules.train()
        steps, told, every = 0, 0.0, budget / 10
        while spent < budget:
            self.progress, self._passed = spent / budget, 0
            now = min(1.0, (self.progress + 0.005) / 0.1) * 0.5 * (1 + math.cos(math.pi * self.progress))
            for group in optimizer.param_groups:
                group["lr"] = rate * o.rate * now
            value = step()
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            spent, steps = spent + max(self._passed, 1), steps + 1
            if spent >= told + every or spent >= budget:
                told = spent
                self.trial.record(steps, steps, loss=value.item())
        self.trial.count(pictures=spent, steps=steps)
        hook.remove()

    def _count(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._passed += len(inputs[0]) * torch.is_grad_enabled()


def squared_distances(query: Tensor, means: Tensor) -> Tensor:
    """(..., Q, W) between queries (..., Q, D) and one vector a kind (..., W, D)."""
    return torch.cdist(query, means).square()


def episode_loss(logits: Tensor) -> Tensor:
    """Cross-entropy of logits (ways, queries, ways): the first index is the true kind."""
    ways, queries, _ = logits.shape
    return F.cross_entropy(logits.flatten(0, 1), torch.arange(ways, device=logits.device).repeat_interleave(queries))
