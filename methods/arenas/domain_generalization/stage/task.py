"""What a method of the arena of typefaces is given, and the training that all share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from methods.arenas.domain_generalization.stage._data import Fonts
from methods.arenas.domain_generalization.stage.colours import coloured
from methods.kit.stage.arena import Trial


@dataclass(frozen=True)
class Batch:
    """Pictures (N, 2, S, S), names (N,), domains (N,) from 0 on; equally many of each domain, one after another."""

    x: Tensor
    y: Tensor
    domain: Tensor

    def by_domain(self, values: Tensor) -> tuple[Tensor, ...]:
        return values.split(len(values) // (int(self.domain[-1]) + 1))


@dataclass
class Task:
    """What is learnt from. While training, `progress` goes from 0 to 1. `seen` is for the upper bound."""

    data: Fonts
    at: int
    trial: Trial
    seen: list[int] | None = None
    progress: float = 0.0
    drawn: torch.Generator = field(init=False)

    def __post_init__(self):
        self.drawn = self.trial.generator(f"batches {self.at}")

    @property
    def classes(self) -> int:
        return int(self.data.x.shape[1])

    @property
    def side(self) -> int:
        return int(self.data.x.shape[-1])

    @property
    def domains(self) -> int:
        return len(self.data.parts[self.at].domains)

    def draw(self) -> Batch:
        """A batch, equally many pictures of each domain; half of it of the target's for the upper bound."""
        part, size = self.data.parts[self.at], self.trial.options.batch
        sources = list(zip(part.domains, part.agree, strict=True))
        if self.seen is not None:
            sources += [(torch.tensor(self.seen), part.told)] * len(sources)
        found = [self._some(fonts[torch.randint(len(fonts), (size // len(sources),), generator=self.drawn)], agree)
                 for fonts, agree in sources]
        x, y = (torch.cat([each[i] for each in found]) for i in (0, 1))
        domain = torch.arange(len(sources)).repeat_interleave(size // len(sources))
        return Batch(*(value.to(self.trial.device) for value in (self._shifted(x), y, domain)))

    def sequences(self, length: int, mixed: bool = False) -> tuple[Tensor, Tensor]:
        """As many pictures as in a batch, in sequences (M, T, 2, S, S) of one font each, and names (M, T); `mixed`:
        of any fonts."""
        part, many = self.data.parts[self.at], max(1, self.trial.options.batch // length)
        xs, ys = [], []
        for _ in range(many):
            domain = int(torch.randint(self.domains, (1,), generator=self.drawn))
            fonts = part.domains[domain]
            chosen = fonts[torch.randint(len(fonts), (1,), generator=self.drawn)].repeat(length)
            x, y = self._some(chosen, part.agree[domain])
            xs.append(x)
            ys.append(y)
        x, y = self._shifted(torch.cat(xs)), torch.cat(ys)
        if mixed:
            order = torch.randperm(len(y), generator=self.drawn)
            x, y = x[order], y[order]
        return (x.view(many, length, *x.shape[1:]).to(self.trial.device),
                y.view(many, length).to(self.trial.device))

    def _some(self, fonts: Tensor, agree: float | None) -> tuple[Tensor, Tensor]:
        characters = torch.randint(self.classes, (len(fonts),), generator=self.drawn)
        return (coloured(self.data.x[fonts, characters], characters, agree, self.drawn),
                self.data.y[fonts, characters])

    def _shifted(self, x: Tensor) -> Tensor:
        """Every fourth picture by the same draw, up to a dot each way."""
        out = torch.empty_like(x)
        for start in range(4):
            down, right = (torch.randint(3, (2,), generator=self.drawn) - 1).tolist()
            out[start::4] = x[start::4].roll((down, right), (2, 3))
        return out

    def train(self, net: nn.Module, backward: Callable[[Batch], Tensor], *, share: float = 1.0,
              parameters: list[nn.Parameter] | None = None) -> nn.Module:
        """AdamW for a share of the steps; `backward` leaves gradients and returns the loss."""
        o = self.trial.options
        steps = max(1, round(share * o.steps))
        net.to(self.trial.device).train()
        optimizer = torch.optim.AdamW(parameters or [p for p in net.parameters() if p.requires_grad], o.rate,
                                      weight_decay=0.01)
        for step in range(steps):
            self.progress = step / steps
            optimizer.param_groups[0]["lr"] = o.rate * min(1, (step + 1) / (0.1 * steps)) * 0.5 * (
                1 + math.cos(math.pi * step / steps))
            optimizer.zero_grad(set_to_none=True)
            loss = backward(self.draw())
            optimizer.step()
            self.trial.count(gradients=1)
            if step % max(1, steps // 5) == 0 or step == steps - 1:
                self.trial.record(step + 1, steps, loss=loss.item())
        return net
