"""What a method of language transfer is given: text in batches, and hidden words."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.language_transfer.stage.words import MASK, RESERVED
from methods.kit.lm_nets import Body


class Task:
    """`step` of `steps` of the present phase; `english` and `other` are units and the words they are of."""

    def __init__(self, data, trial):
        self.options, self.device = trial.options, trial.device
        self.english, self.other, self.pieces = data.english, data.other, data.pieces
        self.generator, self.step, self.steps = trial.generator("order"), 0, 1
        self.open(self.english, data.pieces[0])

    @property
    def progress(self) -> float:
        return self.step / self.steps

    def open(self, text: tuple[Tensor, Tensor], pieces: int) -> None:
        """What batches come from, from now on."""
        (self.ids, self.of), self.now = text, pieces
        self._order = torch.empty(0, dtype=torch.long)

    def blank(self) -> Body:
        """An encoder of English units that has read nothing."""
        o = self.options
        return fresh(Body(self.pieces[0], o.width, o.blocks, o.width // 16, causal=False, conv=5)).to(self.device)

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        """Units (B, T), the same with words hidden, and which are chosen: whole words, 15 %, of which 80 % are masked,
        10 % exchanged for any unit, 10 % left."""
        many = self.options.batch
        while len(self._order) < many:
            self._order = torch.cat([self._order, torch.randperm(len(self.ids), generator=self.generator)])
        rows, self._order = self._order[:many].to(self.device), self._order[many:]
        ids, of = self.ids[rows], self.of[rows]
        first, lots, other = (torch.rand(ids.shape, generator=self.generator).to(self.device) for _ in range(3))
        chosen = first.gather(1, of - of[:, :1]) < 0.15
        swaps = RESERVED + (other * (self.now - RESERVED)).long()
        return ids, torch.where(chosen, torch.where(lots < 0.8, MASK, torch.where(lots < 0.9, swaps, ids)), ids), chosen


def fresh(net: Body) -> Body:
    nn.init.normal_(net.embed.weight, std=0.1)
    return net


def hidden_loss(net: Body, ids: Tensor, shown: Tensor, chosen: Tensor) -> Tensor:
    """Mean nats of chosen units."""
    return F.cross_entropy(net.logits(net.states(shown)[-1][chosen]), ids[chosen])
