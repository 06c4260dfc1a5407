"""Adaptation in several stages or places: adapters of related tasks, and clients with a server."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.adapters import Bottleneck

CLIENTS = 4


class SourceAdapters(nn.Module):
    """One bottleneck per source task after a sublayer: h + the active one's change, or h + combine(h, all changes).

    `active` is the index of the source that is being learnt; None once all are frozen.
    """

    def __init__(self, width: int, size: int, sources: int, combine: nn.Module):
        super().__init__()
        self.adapters = nn.ModuleList(Bottleneck(width, size, residual=False) for _ in range(sources))
        self.combine, self.active = combine, None

    def forward(self, h: Tensor) -> Tensor:
        if self.active is not None:
            return h + self.adapters[self.active](h)
        return h + self.combine(h, torch.stack([adapter(h) for adapter in self.adapters], -2))


def quantised(weight: Tensor, bits: int) -> Tensor:
    """weight (out, in) rounded to 2^bits - 1 evenly spaced values per row, symmetric about zero."""
    step = weight.abs().amax(1, keepdim=True).clamp(min=1e-12) / (2**(bits - 1) - 1)
    return (weight / step).round() * step


class ClientLowRank(nn.Module):
    """A frozen linear map with the low-rank change of the client at work, whose first `rank` directions count."""

    def __init__(self, linear: nn.Linear, rank: int, scale: float):
        super().__init__()
        self.base, self.scale, self.rank, self.bits = linear, scale, rank, 32
        a = linear.weight.new_empty(rank, linear.in_features)
        nn.init.kaiming_uniform_(a, math.sqrt(5))
        self.a, self.b = nn.Parameter(a), nn.Parameter(linear.weight.new_zeros(linear.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        weight = self.base.weight if self.bits >= 32 else quantised(self.base.weight, self.bits)
        inner = F.linear(x, self.a[:self.rank])
        return F.linear(x, weight, self.base.bias) + self.scale * F.linear(inner, self.b[:, :self.rank])

    @torch.no_grad()
    def take(self, change: Tensor) -> None:
        """Start from the server's change (out, in), in the best factors there are."""
        self.b.zero_()
        if change.any():
            u, s, vh = torch.linalg.svd(change / self.scale, full_matrices=False)
            r = len(self.a)
            self.a.copy_(s[:r, None].sqrt() * vh[:r])
            self.b.copy_(u[:, :r] * s[:r].sqrt())

    def change(self) -> Tensor:
        return self.scale * self.b[:, :self.rank] @ self.a[:self.rank]


class Federation:
    """Clients that train in turn, each from the server's state, and a server that averages what they send."""

    def __init__(self, layers: list[ClientLowRank], head: nn.Linear, shares: list[float], local: int):
        self.layers, self.head, self.shares, self.local = layers, head, shares, local
        self.client, self.step, self.sent = 0, 0, []
        self.server = self._state()

    def _state(self) -> list[Tensor]:
        return [*(layer.change().detach().clone() for layer in self.layers),
                *(p.detach().clone() for p in self.head.parameters())]

    @torch.no_grad()
    def _load(self, state: list[Tensor]) -> None:
        for layer, change in zip(self.layers, state, strict=False):
            layer.take(change)
        for p, value in zip(self.head.parameters(), state[len(self.layers):], strict=True):
            p.copy_(value)

    def _average(self, states: list[list[Tensor]]) -> list[Tensor]:
        return [sum(share * part for share, part in zip(self.shares, parts, strict=True))
                for parts in zip(*states, strict=True)]

    @contextmanager
    def served(self):
        """Inside this block the model is the server's: its last state, with what clients have learnt since."""
        kept = [(layer.a.clone(), layer.b.clone(), layer.rank, layer.bits) for layer in self.layers]
        head = [p.clone() for p in self.head.parameters()]
        states = [*self.sent, self._state()]
        states += [self.server] * (len(self.shares) - len(states))
        for layer in self.layers:
            layer.rank, layer.bits = len(layer.a), 32
        self._load(self._average(states))
        try:
            yield
        finally:
            for layer, (a, b, rank, bits) in zip(self.layers, kept, strict=True):
                layer.a.copy_(a)
                layer.b.copy_(b)
                layer.rank, layer.bits = rank, bits
            for p, value in zip(self.head.parameters(), head, strict=True):
                p.copy_(value)

    def next_step(self, equip: Callable[[int], None]) -> bool:
        """Call before a step; true when another client takes over. `equip(client)` sets its ranks and precision."""
        turn = self.step and self.step % self.local == 0
        self.step += 1
        if self.step == 1:
            equip(0)
        if not turn:
            return False
        self.sent.append(self._state())
        self.client += 1
        if self.client == len(self.shares):
            self.server = self._average(self.sent)
            self.client, self.sent = 0, []
        for layer in self.layers:
            layer.rank = len(layer.a)
        self._load(self.server)
        equip(self.client)
        return True


class FromSources:
    """Hooks of a method that learns an adapter per related task first, and then only how to combine them.

    The method has the hyperparameters `m` (units of an adapter) and `first` (share of the budget of the first
    stage) and says what combines the adapters of each layer.
    """

    def combine(self, width: int, sources: int, layers: int) -> list[nn.Module]:
        """One module per layer: (h (..., D), changes (..., S, D)) -> (..., D)."""
        raise NotImplementedError

    def adapt(self, net, task):
        self.sources, self.turn, self.on_target = task.related or (task.train,), 0, False
        combined = self.combine(net.width, len(self.sources), len(net.blocks))
        for block, module in zip(net.blocks, combined, strict=True):
            block.after_feed = SourceAdapters(net.width, self.m, len(self.sources), module)
        net.source_heads = nn.ModuleList(nn.Linear(net.width, int(part.y.max()) + 1) for part in self.sources)

    def advance(self, net, task):
        if task.enters(self.first):
            self.on_target = True
            net.source_heads.requires_grad_(False)
            for block in net.blocks:
                block.after_feed.adapters.requires_grad_(False)
            task.stage(net)
        elif task.enters(0.0):
            task.stage(net, self.first)

    def loss(self, net, task):
        if self.on_target:
            return self.error(net, task.draw())
        source = self.turn % len(self.sources)
        self.turn += 1
        part = self.sources[source]
        batch = part.at(task.draw_from(part.x))
        for block in net.blocks:
            block.after_feed.active = source
        found = F.cross_entropy(net.source_heads[source](self.features(net, batch)), batch.y.flatten())
        for block in net.blocks:
            block.after_feed.active = None
        return found


class WithClients:
    """Hooks of a method whose clients train in turn; each holds one look of the pictures, or some of the classes."""

    def federate(self, net, task, layers: list[ClientLowRank]) -> None:
        """Share the training examples out to clients. Call at the end of `adapt`."""
        labels = task.train.y.flatten(1)[:, 0] if task.train.y.dim() > 1 else task.train.y
        groups = task.train.look if task.looks > 1 else labels
        self.rows = [(groups % CLIENTS == client).nonzero()[:, 0] for client in range(CLIENTS)]
        shares = [len(rows) / len(groups) for rows in self.rows]
        self.federation = Federation(layers, net.head, shares, self.local)

    def equip(self, client: int) -> None:
        """Set the rank and precision that a client can afford."""

    def advance(self, net, task):
        if self.federation.next_step(self.equip):
            task.optimizer.state.clear()

    def logits(self, net, batch):
        if net.training:
            return super().logits(net, batch)
        with self.federation.served():
            return super().logits(net, batch)

    def loss(self, net, task):
        rows = self.rows[self.federation.client]
        return self.error(net, task.train.at(rows[task.draw_from(rows)]))
