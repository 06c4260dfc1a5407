"""What a method of the arena of unlabelled clouds is given, and the training that all share."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from methods.arenas.point_pretraining.stage.clouds import Clouds, Decoder, Encoder, chamfer, grouped, taken
from methods.kit.params import param
from methods.kit.stage.arena import Trial


def rate_factor(chosen: float):
    """How fast a method learns, as a factor on the arena's rate."""
    return param(chosen, "factor on the arena's learning rate", choices=(0.3, 1.0, 3.0))


class Parts(nn.Module):
    """An encoder and what trains with it and is thrown away."""

    def __init__(self, encoder: Encoder, **others: nn.Module):
        super().__init__()
        self.encoder = encoder
        for name, module in others.items():
            self.add_module(name, module)


class Task:
    """`points` (N, P, 2) have no labels; `labels` (N,) are for upper bounds, None for everybody else. `batch` clouds
    are drawn in a step, `rows` says which; `progress` goes from 0 to 1. A method's own draws are from `generator`."""

    def __init__(self, points: Tensor, labels: Tensor | None, trial: Trial):
        o = trial.options
        self.points, self.labels, self.trial, self.batch = points, labels, trial, o.batch
        self.generator, self._batches = trial.generator("method"), trial.generator("batches")
        self.rows, self.progress, self.width = torch.empty(0, dtype=torch.long), 0.0, o.width

    def encoder(self) -> Encoder:
        return Encoder(self.width, self.trial.options.blocks).to(self.points.device)

    def decoder(self) -> Decoder:
        return Decoder(self.width, self.trial.options.size).to(self.points.device)

    def parts(self, encoder: Encoder, **others: nn.Module) -> Parts:
        return Parts(encoder, **others).to(self.points.device)

    def draw(self) -> Clouds:
        """The next clouds, in groups, turned by up to a quarter radian and scaled anew."""
        self.rows = torch.randint(len(self.points), (self.batch,), generator=self._batches).to(self.points.device)
        return self.view(self.points[self.rows])

    def view(self, points: Tensor) -> Clouds:
        drawn = torch.rand(len(points), 2, generator=self._batches).to(points.device)
        angle, scale = 0.5 * drawn[:, 0] - 0.25, 0.8 + 0.4 * drawn[:, 1]
        cos, sin = (scale * angle.cos())[:, None], (scale * angle.sin())[:, None]
        y, x = points.unbind(2)
        turned = torch.stack([cos * y - sin * x, sin * y + cos * x], 2)
        return grouped(turned, self.trial.options.groups, self.trial.options.size)

    def mask(self, many: int, share: float) -> Tensor:
        """(many, G), True for the `share` of groups hidden, drawn anew for each."""
        groups = self.trial.options.groups
        keys = torch.rand(many, groups, generator=self.generator)
        return (keys.argsort(1).argsort(1) < round(share * groups)).to(self.points.device)

    def train(self, net: Parts, step: Callable[[], Tensor], rate: float) -> None:
        """Steps of AdamW until the budget is spent, with warm-up over a tenth and a cosine. What is paid for is each
        cloud that passes through the encoder with gradients on."""
        o, encoder = self.trial.options, net.encoder
        optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], rate * o.rate,
                                      weight_decay=o.decay)
        net.train()
        encoder.paid, steps = 0, 0
        while encoder.paid < o.budget:
            self.progress = encoder.paid / o.budget
            now = min(1.0, (self.progress + 0.005) / 0.1) * 0.5 * (1 + math.cos(math.pi * self.progress))
            for group in optimizer.param_groups:
                group["lr"] = rate * o.rate * now
            value = step()
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            steps += 1
            if steps % 20 == 0 or encoder.paid >= o.budget:
                self.trial.record(steps, steps, loss=value.item())
        self.trial.count(clouds=encoder.paid, steps=steps)
        net.eval()


def shown(hidden: Tensor) -> Tensor:
    """The places (N, V) that are not hidden; all rows hide as many."""
    return (~hidden).nonzero()[:, 1].view(len(hidden), -1)


def guessed(encoder: Encoder, decoder: Decoder, clouds: Clouds, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """The mean Chamfer distance of hidden groups, drawn from the shown ones, and the decoder's features (N, G, D)."""
    at = shown(hidden)
    tokens = encoder.run(taken(encoder.embed(clouds.near), at), taken(clouds.centre, at))
    features = decoder(tokens, at, clouds.centre)
    return chamfer(decoder.draw(features[hidden]), clouds.near[hidden]).mean(), features
