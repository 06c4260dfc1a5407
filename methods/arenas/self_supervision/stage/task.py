"""What a method of the arena of two views is given, and the training that all share."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from methods.arenas.self_supervision.stage._data import SelfSupervisionData
from methods.arenas.self_supervision.stage._probe import probe
from methods.arenas.self_supervision.stage.nets import Net, head
from methods.kit.params import param
from methods.kit.stage.arena import Trial
from methods.kit.stage.augmentations import view
from methods.kit.stage.encoders import settle_norms, strided_encoder


def rate_factor(chosen: float):
    """How fast a method learns, as a factor on the arena's rate."""
    return param(chosen, "factor on the arena's learning rate", choices=(0.3, 1.0, 3.0))


class Task:
    """`pictures` (N, 1, H, W) have no labels; `labels` (N,) are for upper bounds, None for everybody else.

    `batch` is how many pictures a step sees in two views, `progress` goes from 0 to 1 while training, `step` counts
    and `rows` are the pictures of the present batch.
    """

    def __init__(self, data: SelfSupervisionData, trial: Trial, *, sees_labels: bool = False):
        o = trial.options
        self.pictures, self.trial, self.labels = data.x, trial, data.y if sees_labels else None
        self._kinds = data.y if o.latent else None
        self._validate = lambda net: probe(net, data, trial, "val")["linear"]
        self.batch, self.budget, self.features = o.batch // o.smaller, 2 * o.batch * o.steps, o.features
        self.projected, self.hidden = o.projected, o.hidden
        self.trained = 0
        self.progress, self.step = 0.0, 0
        self.generator = trial.generator("method")
        self.rows = self._order = torch.empty(0, dtype=torch.long)
        self._batches, self._views = trial.generator("batches"), trial.generator("views")
        self._passed = 0

    def encoder(self) -> nn.Module:
        """A new encoder: (N, 1, H, W) -> (N, features)."""
        side, width = self.pictures.shape[-1], self.trial.options.width
        return strided_encoder(side, width, self.features).to(self.pictures.device)

    def head(self, into: int | None = None, out: int | None = None, norm: str = "batch") -> nn.Module:
        """A new projector, or a predictor where `into` is the projector's width."""
        o = self.trial.options
        return head(into or self.features, o.hidden, out or o.projected, norm).to(self.pictures.device)

    def network(self) -> Net:
        """A new encoder with a projector."""
        return Net(self.encoder(), self.head())

    def draw(self, many: int | None = None) -> Tensor:
        """The next `many` pictures of shuffled turns through all; `rows` says which."""
        many = many or self.batch
        while len(self._order) < many:
            self._order = torch.cat([self._order, torch.randperm(len(self.pictures), generator=self._batches)])
        self.rows, self._order = self._order[:many].to(self.pictures.device), self._order[many:]
        return self.pictures[self.rows]

    def view(self, x: Tensor, strength: float = 1.0) -> Tensor:
        return view(x, self._views, strength)

    def pair(self, strength: float = 1.0) -> tuple[Tensor, Tensor]:
        """Two views of each of the next pictures, of which the second is that of a partner where the setting pairs
        pictures; `strength` is the second's."""
        x = self.draw()
        return self.view(x), self.view(self.partner(), strength)

    def partner(self, many: int = 1) -> Tensor:
        """The present pictures themselves, or others of the same digits where the setting pairs pictures; of `many`
        the first of each come first, (many * B, 1, H, W)."""
        if self._kinds is None:
            return self.pictures[self.rows].repeat(many, 1, 1, 1)
        keys = torch.rand(len(self.rows), len(self._kinds), generator=self._views).to(self.pictures.device)
        same = self._kinds[self.rows, None] == self._kinds[None]
        same.scatter_(1, self.rows[:, None], False)
        return self.pictures[(keys * same).topk(many, 1).indices.T.flatten()]

    def validated(self, encoder: nn.Module) -> float:
        """The linear probe's accuracy on validation pictures: for methods that choose by labels."""
        encoder = copy.deepcopy(encoder)
        settle_norms(encoder, self.pictures)
        return self._validate(encoder)

    def train(self, modules: nn.Module, step: Callable[[], Tensor], after: Callable[[], None] | None = None, *,
              counted: nn.Module, rate: float = 1.0, share: float = 1.0) -> None:
        """Steps of AdamW on `modules` until `share` of the budget is spent, with warm-up over a tenth and a cosine.

        `step` returns the loss. What is paid for is each picture that passes through `counted` with gradients on.
        """
        o, spent, budget = self.trial.options, 0, self.budget * share
        rate = rate * o.rate
        optimizer = torch.optim.AdamW([p for p in modules.parameters() if p.requires_grad], rate,
                                      weight_decay=o.decay)
        self.trained = sum(p.numel() for group in optimizer.param_groups for p in group["params"])
        hook = counted.register_forward_pre_hook(self._count)
        modules.train()
        self.step, every, told = 0, budget / 20, 0.0
        while spent < budget:
            self.progress, self._passed = spent / budget, 0
            now = min(1.0, (self.progress + 0.005) / 0.1) * 0.5 * (1 + math.cos(math.pi * self.progress))
            for group in optimizer.param_groups:
                group["lr"] = rate * now
            value = step()
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            if after:
                after()
            spent, self.step = spent + max(self._passed, 1), self.step + 1
            if spent >= told + every or spent >= budget:
                told = spent
                self.trial.record(self.step, self.step, loss=value.item())
        self.trial.count(pictures=spent, steps=self.step)
        hook.remove()

    def _count(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._passed += len(inputs[0]) * torch.is_grad_enabled()
