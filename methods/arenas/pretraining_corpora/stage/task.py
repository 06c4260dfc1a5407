"""What a method of pretraining corpora is given: shelves, units, running text in batches, and ways to hide words."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.pretraining_corpora.stage.words import MASK, RESERVED
from methods.kit.lm_nets import Body
from methods.kit.stage.corpora_units import Units


class Task:
    """`ids` and `of` (N, T) are the running text of this phase and the word each unit is of; `step` of `steps`."""

    def __init__(self, data, trial, long: int = 1, amount: float = 1.0):
        self.options, self.device, self.shelves, self.spelled = trial.options, trial.device, data.shelves, data.spelled
        self.generator, self.parts = trial.generator("order"), nn.ModuleDict()
        self.step, self.steps, self.phase = 0, 1, 0
        self.length, self.size, self.amount = long * self.options.length, max(2, self.options.batch // long), amount
        self.told: tuple[Tensor, Tensor] | None = None

    def text(self, names: tuple[str, ...]) -> Tensor:
        """Windows of shelves, as many of each as the smallest has, in turn."""
        least = max(1, round(self.amount * min(len(self.shelves[name]) for name in names)))
        return torch.stack([self.shelves[name][:least] for name in names], 1).flatten(0, 1)

    def learn_units(self, words: Tensor, method) -> Units:
        return Units(words, self.spelled, method.normalise, method.pieces, self.options.writing != "unsegmented")

    def open(self, names: tuple[str, ...], units: Units) -> None:
        """The shelves that batches come from, from now on."""
        self.units, self.running = units, units.stream(self.text(names))
        length = self.length
        rows = len(self.running.ids) // length
        self.ids, self.of = (values[:rows * length].view(rows, length) for values in self.running[:2])
        self._order = torch.empty(0, dtype=torch.long)

    def blank(self, pieces: int, width: float = 1.0, causal: bool = False) -> Body:
        """An encoder that has read nothing, or what reads to the left alone."""
        o = self.options
        wide = max(16, round(o.width * width / 16) * 16)
        net = Body(pieces, wide, o.blocks, wide // 16, causal=causal, conv=3 if causal else 5)
        nn.init.normal_(net.embed.weight, std=0.1)
        return net.to(self.device)

    def add(self, name: str, part: nn.Module) -> nn.Module:
        """Something beside the encoder that learns and is dropped at the end."""
        self.parts[name] = part.to(self.device)
        return part

    def draw(self) -> tuple[Tensor, Tensor]:
        """The next rows of units and the words they are of, all in mixed order before any comes again."""
        many = self.size
        while len(self._order) < many:
            self._order = torch.cat([self._order, torch.randperm(len(self.ids), generator=self.generator)])
        rows, self._order = self._order[:many].to(self.device), self._order[many:]
        return self.ids[rows], self.of[rows]

    def lots(self, *shape: int) -> Tensor:
        """Uniform numbers in [0, 1)."""
        return torch.rand(shape, generator=self.generator).to(self.device)

    def whole(self, of: Tensor, share: float) -> Tensor:
        """Which units are chosen: all of a chosen word."""
        return self.lots(*of.shape).gather(1, (of - of[:, :1]) % of.shape[1]) < share

    def single(self, of: Tensor, share: float) -> Tensor:
        """Which units are chosen, each for itself."""
        return self.lots(*of.shape) < share

    def damaged(self, ids: Tensor, chosen: Tensor) -> Tensor:
        """Of the chosen units 80 % are masked, 10 % exchanged for any, 10 % left."""
        lots = self.lots(*ids.shape)
        any_unit = RESERVED + (self.lots(*ids.shape) * (self.units.pieces - RESERVED)).long()
        return torch.where(chosen, torch.where(lots < 0.8, MASK, torch.where(lots < 0.9, any_unit, ids)), ids)


def guessed(net: Body, state: Tensor, ids: Tensor, chosen: Tensor) -> Tensor:
    """Mean nats of the chosen units, of states (B, T, D)."""
    return F.cross_entropy(net.logits(state[chosen]), ids[chosen])

