"""What a method of the arena of unlabelled pictures is given, and the training that all share."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from methods.arenas.visual_pretraining.stage._data import PretrainingData
from methods.arenas.visual_pretraining.stage.masks import scattered
from methods.arenas.visual_pretraining.stage.nets import Decoder, Encoder, Parts, head
from methods.kit.params import param
from methods.kit.stage.arena import Trial
from methods.kit.stage.augmentations import view


def rate_factor(chosen: float):
    """How fast a method learns, as a factor on the arena's rate."""
    return param(chosen, "factor on the arena's learning rate", choices=(0.3, 1.0, 3.0))


class Task:
    """`pictures` (N, 1, H, W) have no labels. `tags` (N, 4) are noisy words for methods that see them, `labels` (N,)
    are for upper bounds; None for everybody else. `chosen` are some pictures picked by hand, `elsewhere` drawings.

    `batch` is how many pictures a step sees, `progress` goes from 0 to 1 while training, `step` counts, and `rows` are
    the pictures of the present batch. What a method draws it draws from `generator`.
    """

    def __init__(self, data: PretrainingData, trial: Trial, *, width: int | None = None, share: float = 1.0,
                 sees_tags: bool = False, sees_labels: bool = False):
        o = trial.options
        self.pictures, self.chosen, self.elsewhere = data.x, data.chosen, data.elsewhere
        self.tags, self.labels = data.tags if sees_tags else None, data.y if sees_labels else None
        self.trial, self.batch, self.width, self.widths = trial, o.batch, width or o.width, o.widths
        self.hidden, self.projected = o.hidden, o.projected
        self.budget, self.trained = o.pictures * share, 0
        self.progress, self.step = 0.0, 0
        self.generator = trial.generator("method")
        self.rows = self._order = torch.empty(0, dtype=torch.long)
        self._batches, self._views = trial.generator("batches"), trial.generator("views")

    def encoder(self, width: int | None = None) -> Encoder:
        """A new transformer: (N, 1, H, W) -> (N, width)."""
        o, x = self.trial.options, self.pictures
        return Encoder(x.shape[-1], o.grid, width or self.width, o.blocks, o.mean, o.sd).to(x.device)

    def decoder(self, encoder: Encoder, out: int | None = None) -> Decoder:
        """A new light decoder to `out` numbers a place, by default its dots."""
        return Decoder(encoder, out or encoder.dots).to(self.pictures.device)

    def head(self, into: int | None = None, out: int | None = None) -> nn.Module:
        """A new projector of features: two layers with a batch norm between them."""
        return head(into or self.width, self.hidden, out or self.projected).to(self.pictures.device)

    def parts(self, encoder: Encoder, **others: nn.Module) -> Parts:
        return Parts(encoder, **others).to(self.pictures.device)

    def draw(self, many: int | None = None) -> Tensor:
        """The next `many` pictures of shuffled turns through all; `rows` says which."""
        many = many or self.batch
        while len(self._order) < many:
            self._order = torch.cat([self._order, torch.randperm(len(self.pictures), generator=self._batches)])
        self.rows, self._order = self._order[:many].to(self.pictures.device), self._order[many:]
        return self.pictures[self.rows]

    def keep(self, rows: Tensor) -> None:
        """Go on with these of the pictures alone."""
        self.pictures, self._order = self.pictures[rows], torch.empty(0, dtype=torch.long)
        self.tags = None if self.tags is None else self.tags[rows]
        self.labels = None if self.labels is None else self.labels[rows]

    def view(self, x: Tensor, strength: float = 1.0) -> Tensor:
        """Another view of each picture: turned, zoomed, moved, a block left out."""
        return view(x, self._views, strength)

    def mask(self, many: int, share: float) -> Tensor:
        """(many, T), True for the `share` of places hidden, scattered, drawn anew for each picture."""
        return scattered(many, self.trial.options.grid ** 2, share, self.generator).to(self.pictures.device)

    def train(self, net: Parts, step: Callable[[], Tensor], after: Callable[[], None] | None = None, *,
              rate: float = 1.0, share: float = 1.0) -> None:
        """Steps of AdamW on `net` until `share` of the budget is spent, with warm-up over a tenth and a cosine.

        `step` returns the loss. What is paid for is each picture that passes through the encoder with gradients on.
        """
        o, budget, encoder = self.trial.options, self.budget * share, net.encoder
        rate = rate * o.rate
        optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], rate, weight_decay=o.decay,
                                      fused=True)
        self.trained = sum(p.numel() for group in optimizer.param_groups for p in group["params"])
        net.train()
        self.step, every, told, encoder.paid = 0, budget / 20, 0.0, 0
        while encoder.paid < budget:
            before, self.progress = encoder.paid, encoder.paid / budget
            now = min(1.0, (self.progress + 0.005) / 0.1) * 0.5 * (1 + math.cos(math.pi * self.progress))
            for group in optimizer.param_groups:
                group["lr"] = rate * now
            value = step()
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            if after:
                after()
            self.step, encoder.paid = self.step + 1, max(encoder.paid, before + 1)
            if encoder.paid >= told + every or encoder.paid >= budget:
                told = encoder.paid
                self.trial.record(self.step, self.step, loss=value.item())
        self.trial.count(pictures=encoder.paid, steps=self.step)
        net.eval()
