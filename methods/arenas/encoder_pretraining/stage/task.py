"""What a method of encoder pretraining is given: windows of text, pairs of them, and ways to damage them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.encoder_pretraining.stage.net import Encoder
from methods.arenas.encoder_pretraining.stage.starts import blank
from methods.arenas.encoder_pretraining.stage.words import MASK, RESERVED

NEXT, RANDOM, LINKED = 0, 1, 2      # how the second half of a pair comes to the first


class Task:
    """`text` (N, T) windows in `documents` (N,) with `links` (K, 2); `words` is the size of the vocabulary, `kinds`
    (V,) what words look like. `rows` are the windows drawn last; `step` of `steps` counts batches of `size`."""

    def __init__(self, data, trial, steps: int):
        self.options, self.seed, self.device = trial.options, trial.seed, trial.device
        self.text, self.documents, self.links, self.kinds = data.text, data.documents, data.links, data.kinds
        self.words, self.size = len(data.kinds), max(2, round(trial.options.batch * 32 / data.text.shape[1]))
        self.step, self.steps = 0, steps
        self.told: tuple[Tensor, Tensor] | None = None       # windows and classes, for an upper bound
        self.generator = trial.generator("order")
        self.parts = nn.ModuleDict()
        self.rows = torch.zeros(0, dtype=torch.long)
        self._start, self._order = data.start, torch.empty(0, dtype=torch.long)

    @property
    def progress(self) -> float:
        return self.step / self.steps

    @property
    def length(self) -> int:
        return self.text.shape[1]

    def start(self) -> Encoder:
        """The encoder everybody begins with."""
        net = self.blank()
        if self._start:
            net.load_state_dict(self._start)
        return net

    def blank(self, **changed) -> Encoder:
        """An encoder that has read nothing; `width` times as wide, of so many `blocks`, or `causal`."""
        return blank(self.words, self.options, self.seed, **changed).to(self.device)

    def add(self, name: str, part: nn.Module) -> nn.Module:
        """Something beside the encoder that learns and is dropped at the end."""
        self.parts[name] = part.to(self.device)
        return part

    def lots(self, *shape: int) -> Tensor:
        """Uniform numbers in [0, 1)."""
        return torch.rand(shape, generator=self.generator).to(self.device)

    def any_words(self, *shape: int) -> Tensor:
        return torch.randint(RESERVED, self.words, shape, generator=self.generator).to(self.device)

    def draw(self, many: int | None = None) -> Tensor:
        """The next windows, all in mixed order before any comes again."""
        many = self.size if many is None else many
        while len(self._order) < many:
            self._order = torch.cat([self._order, torch.randperm(len(self.text), generator=self.generator)])
        self.rows, self._order = self._order[:many].to(self.device), self._order[many:]
        return self.text[self.rows]

    def pair(self, ways: tuple[int, ...] = (NEXT, RANDOM)) -> tuple[Tensor, Tensor, Tensor]:
        """ids (B, T), which half (T,), and in which of `ways` (B,) the second half comes to the first. LINKED is the
        beginning of a window that the first is linked to or, where text has no links, of one of its document."""
        ids, half = self.draw(), self.length // 2
        way = torch.tensor(ways)[torch.randint(len(ways), (len(ids),), generator=self.generator)].to(self.device)
        second = ids[:, half:].clone()
        other = self.text[(self.lots(len(ids)) * len(self.text)).long()]
        second[way == RANDOM] = other[way == RANDOM][:, :half]
        for i in (way == LINKED).nonzero().flatten().tolist():
            ids[i], second[i] = self._related(i, ids[i], half)
        return torch.cat([ids[:, :half], second], 1), self.halves, way

    def _related(self, i: int, ids: Tensor, half: int) -> tuple[Tensor, Tensor]:
        if len(self.links):
            a, b = self.links[int(self.lots(1) * len(self.links))]
            return self.text[a], self.text[b, :half]
        near = (self.documents == self.documents[self.rows[i]]).nonzero().flatten()
        return ids, self.text[near[int(self.lots(1) * len(near))], :half]

    @property
    def halves(self) -> Tensor:
        return (torch.arange(self.length, device=self.device) >= self.length // 2).long()

    def choose(self, ids: Tensor, share: float) -> Tensor:
        """(B, T) which words are chosen, so many of each window."""
        many = max(1, round(share * ids.shape[1]))
        lots = self.lots(*ids.shape)
        return lots >= lots.topk(many, 1).values[:, -1:]

    def damaged(self, ids: Tensor, chosen: Tensor, swaps: Tensor | None = None) -> Tensor:
        """Of the chosen words 80 % are masked, 10 % exchanged for any (or those of `swaps`), 10 % left."""
        lots = self.lots(*ids.shape)
        swaps = self.any_words(*ids.shape) if swaps is None else swaps
        shown = torch.where(lots < 0.8, MASK, torch.where(lots < 0.9, swaps, ids))
        return torch.where(chosen, shown, ids)


def guessed(net: Encoder, state: Tensor, ids: Tensor, chosen: Tensor) -> Tensor:
    """Mean nats of the chosen words, of states (B, T, D)."""
    return F.cross_entropy(net.guess(state[chosen]), ids[chosen])


def detected(logits: Tensor, changed: Tensor) -> Tensor:
    """Binary cross-entropy of which words are not the original ones, mean over all.

    >>> round(float(detected(torch.zeros(1, 2), torch.tensor([[True, False]]))), 4)       # log 2
    0.6931
    """
    return F.binary_cross_entropy_with_logits(logits, changed.float())
