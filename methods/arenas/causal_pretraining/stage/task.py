"""What a method of causal pretraining is given, and how its model is asked."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.lm_nets import Body, body

SOURCES = 8             # pieces 0 to 7 stand for no text; piece i may tell that text is of source i
LAST = 0.2              # the share of the steps that belongs to the domain, where there is one


@dataclass(frozen=True)
class Batch:
    """Windows (B, T); pieces from place `first` on are to be predicted."""

    windows: Tensor
    first: int = 1


class Task:
    """`text` (N, T) with the source (N,) of each window; `domain` (D, T) is a little text of what will be asked, or
    nothing; `pairs` (K, 66) are beginnings of verses in English and Portuguese, each behind the piece of its language,
    or nothing; of these `pair_first` is the first piece that is to be predicted. The same for validation with
    `valid_`. `rows` are those of the last draw, `step` counts from 0 to `steps`."""

    pair_first = 34

    def __init__(self, data, trial, steps: int):
        o = trial.options
        self.options, self.device, self.pieces = o, trial.device, data.pieces
        self.text, self.source, self.domain, self.pairs = data.text, data.source, data.domain, data.pairs
        self.valid, self.valid_source, self.valid_pairs = data.valid, data.valid_source, data.valid_pairs
        self.size, self.steps, self.step, self.rate_factor = o.batch, steps, 0, 1.0
        self.generator, self.rows = trial.generator("choice"), torch.empty(0, dtype=torch.long)
        self._start = data.start
        self._orders: dict[int, Tensor] = {}

    @property
    def progress(self) -> float:
        return self.step / self.steps

    @property
    def specialising(self) -> bool:
        return len(self.domain) > 0 and self.progress >= 1 - LAST

    def start(self) -> Body:
        """The model everybody trains: one that has read, if any has."""
        net = body(self.options.size, self.pieces)
        if self._start:
            net.load_state_dict(self._start)
        return net.to(self.device)

    def draw(self, text: Tensor | None = None, weights: Tensor | None = None) -> Tensor:
        """A batch of windows: all in mixed order before any comes again, or by weights (N,)."""
        text = self.text if text is None else text
        if weights is not None:
            self.rows = torch.multinomial(weights.cpu(), self.size, replacement=True,
                                          generator=self.generator).to(self.device)
            return text[self.rows]
        order = self._orders.get(len(text), torch.empty(0, dtype=torch.long))
        while len(order) < self.size:
            order = torch.cat([order, torch.randperm(len(text), generator=self.generator)])
        self.rows, self._orders[len(text)] = order[:self.size].to(self.device), order[self.size:]
        return text[self.rows]

    def lots(self, *shape: int) -> Tensor:
        """Uniform numbers in [0, 1)."""
        return torch.rand(shape, generator=self.generator).to(self.device)

    def clusters(self, x: Tensor, k: int, turns: int = 10) -> tuple[Tensor, Tensor]:
        """k-means of rows: the cluster (N,) of each and the centres (k, D)."""
        centres = x[torch.randperm(len(x), generator=self.generator)[:k].to(x.device)]
        for _ in range(turns):
            of = torch.cdist(x, centres).argmin(1)
            counts = torch.bincount(of, minlength=len(centres))[:, None]
            sums = torch.zeros_like(centres).index_add_(0, of, x)
            centres = torch.where(counts > 0, sums / counts.clamp(min=1), centres)
        return torch.cdist(x, centres).argmin(1), centres


def before(prefix: Tensor, windows: Tensor) -> Batch:
    """Windows behind pieces (B, P) that are not to be predicted.

    >>> before(torch.tensor([[7]]), torch.tensor([[10, 11]])).windows.tolist()
    [[7, 10, 11]]
    """
    return Batch(torch.cat([prefix, windows], 1), prefix.shape[1])


def nats(net: nn.Module, batch: Batch) -> Tensor:
    """(B, T - first) the loss of each predicted piece."""
    logits = net(batch.windows[:, :-1])[:, batch.first - 1:]
    said = batch.windows[:, batch.first:]
    return F.cross_entropy(logits.flatten(0, 1), said.flatten(), reduction="none").view(said.shape)


@torch.no_grad()
def bits(net: nn.Module, windows: Tensor, sizes: Tensor, prefix: Tensor | None = None, first: int = 1,
         size: int = 512) -> tuple[Tensor, Tensor]:
    """Bits (M,) of the pieces of each window from place `first` on, and their bytes (M,); what stands before windows is
    not counted."""
    shift = 0 if prefix is None else prefix.shape[1]
    shown = windows if prefix is None else torch.cat([prefix, windows], 1)
    found = [nats(net, Batch(part, first + shift)).double().sum(1) for part in shown.split(size)]
    return torch.cat(found) / math.log(2), sizes[windows[:, first:]].sum(1)


def gram_states(windows: Tensor, pieces: int, width: int = 32) -> Tensor:
    """(N, width) roots of piece counts, of unit length, on a fixed random basis."""
    drawn = torch.Generator().manual_seed(0)
    basis = (torch.randn(pieces, width, generator=drawn) / math.sqrt(width)).to(windows.device)
    counts = torch.zeros(len(windows), pieces, device=windows.device).scatter_add_(
        1, windows, torch.ones(windows.shape, device=windows.device))
    return F.normalize(counts.sqrt(), dim=1) @ basis
