"""Deep residual networks whose normaliser and residual connection are left open.

A network is a stem, a chain of residual branches and a readout. At every normaliser's place it
asks `norm(channels, site)`, and for every branch `connect(branch, norm, site)`, so that one body
serves normalisers, connections and weight schemes alike. Three bodies: convolutions on images,
causal attention on text, attention without order on sets of points.

All tensors on the stream are (samples, channels, *positions). In text and in sets each token is a sample of
its own with no further position, so a normaliser that averages over positions cannot look ahead.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Site:
    """A normaliser's place.

    `place` is "outer" (at a branch's connection), "inner" (within a convolutional branch) or
    "final" (before the readout). `branch` counts from 0 to `branches` - 1 and `layer` from 1 to
    `layers`; a transformer layer has two branches. `activated`: a ReLU follows, unless the module
    put here has a true attribute `activates`.
    """

    place: str
    branch: int
    branches: int
    layer: int
    layers: int
    activated: bool


class Branch(nn.Module):
    """One residual branch (N, C, ...) -> same. `path` holds its weights in the order of the signal."""

    path: tuple[nn.Module, ...]

    def __init__(self):
        super().__init__()
        self.muted = False

    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x) if self.muted else self.transform(x)

    def transform(self, x: Tensor) -> Tensor:
        raise NotImplementedError


def activation_after(norm: nn.Module) -> nn.Module:
    return nn.Identity() if getattr(norm, "activates", False) else nn.ReLU()


class ConvolutionBranch(Branch):
    """Pre-activation pair of 3x3 convolutions: activate, convolve, normalise, activate, convolve."""

    def __init__(self, channels: int, outer: nn.Module, inner: nn.Module):
        super().__init__()
        self.entry, self.inner = activation_after(outer), nn.Sequential(inner, activation_after(inner))
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.last = nn.Conv2d(channels, channels, 3, padding=1)
        self.path = (self.first, self.last)

    def transform(self, x: Tensor) -> Tensor:
        return self.last(self.inner(self.first(self.entry(x))))


class AttentionBranch(Branch):
    """Causal multi-head self-attention over windows of `context` consecutive rows."""

    def __init__(self, channels: int, heads: int, context: int):
        super().__init__()
        self.heads, self.context = heads, context
        self.query, self.key = nn.Linear(channels, channels), nn.Linear(channels, channels)
        self.value, self.out = nn.Linear(channels, channels), nn.Linear(channels, channels)
        self.path = (self.value, self.out)

    def transform(self, x: Tensor) -> Tensor:
        split = (-1, self.context, self.heads, x.shape[1] // self.heads)
        q, k, v = (map_(x).view(split).transpose(1, 2) for map_ in (self.query, self.key, self.value))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)           # (N, heads, T, C / heads)
        return self.out(mixed.transpose(1, 2).reshape(x.shape))


class FeedForwardBranch(Branch):
    """Two linear maps with a GELU between them, on each row alone."""

    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.first, self.last = nn.Linear(channels, hidden), nn.Linear(hidden, channels)
        self.path = (self.first, self.last)

    def transform(self, x: Tensor) -> Tensor:
        return self.last(F.gelu(self.first(x)))


class TokenStem(nn.Module):
    """(N, T) symbols -> (N * T, C): symbol plus position."""

    def __init__(self, symbols: int, channels: int, context: int):
        super().__init__()
        self.symbol, self.position = nn.Embedding(symbols, channels), nn.Embedding(context, channels)

    def forward(self, x: Tensor) -> Tensor:
        return (self.symbol(x) + self.position.weight).flatten(0, 1)


class ResidualNetwork(nn.Module):
    """Stem, blocks, final norm and head. `branches` lists the branches inside the blocks in order."""

    def __init__(self, stem: nn.Module, blocks: list[nn.Module], branches: list[Branch], norm: nn.Module,
                 activation: nn.Module, head: nn.Linear):
        super().__init__()
        self.stem, self.blocks, self.head = stem, nn.ModuleList(blocks), head
        self.final = nn.Sequential(norm, activation)
        self.branches = tuple(branches)

    def embed(self, h: Tensor) -> Tensor:
        """(N, C) features of a stem output; image positions are averaged."""
        for block in self.blocks:
            h = block(h)
        h = self.final(h)
        return h.flatten(2).mean(2) if h.dim() > 2 else h

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.embed(self.stem(x)))


class Padded:
    """How a batch of sets lies on the stream as rows: set after set, each filled up to the longest.

    Stem, attention and readout of a SetNetwork ask their layout; another layout may order the rows as it likes.
    """

    there: Tensor      # (N, T): false where a set is filled up

    def arrange(self, tokens: Tensor, there: Tensor) -> Tensor:
        """(N, T, C) -> rows (R, C) of the stream."""
        self.there = there
        return tokens.flatten(0, 1)

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Rows (R, heads, D) -> same: each row a mean of the values of its own set."""
        split = (*self.there.shape, *value.shape[1:])
        q, k, v = (rows.view(split).transpose(1, 2) for rows in (query, key, value))
        seen = self.there | ~self.there.any(1, keepdim=True)        # a set without points sees its filling
        return F.scaled_dot_product_attention(q, k, v, seen[:, None, None]).transpose(1, 2).reshape(value.shape)

    def pool(self, rows: Tensor) -> Tensor:
        """Rows (R, C) -> (N, C): the mean of each set, zeros for an empty one."""
        weight = self.there / self.there.sum(1, keepdim=True).clamp(min=1)
        return torch.einsum("nt,ntc->nc", weight.to(rows.dtype), rows.view(*self.there.shape, -1))


class SetAttentionBranch(AttentionBranch):
    """Multi-head self-attention among the points of a set, which lie on the stream as `layout` says."""

    layout: Padded

    def __init__(self, channels: int, heads: int):
        super().__init__(channels, heads, 0)

    def transform(self, x: Tensor) -> Tensor:
        q, k, v = (map_(x).view(len(x), self.heads, -1) for map_ in (self.query, self.key, self.value))
        return self.out(self.layout.attend(q, k, v).reshape(x.shape))


class SetStem(nn.Module):
    """Sets (N, T, 3) of points (there, cell, value) -> rows; where `there` is 0 the set is filled up."""

    layout: Padded

    def __init__(self, cells: int, channels: int):
        super().__init__()
        self.cell, self.value = nn.Embedding(cells, channels), nn.Linear(1, channels)

    def tokens(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, T, C) and (N, T) what is there, without columns that no set fills."""
        there = x[..., 0] > 0
        there = there[:, :max(1, int(there.sum(1).max()))]
        x = x[:, :there.shape[1]]
        return self.cell(x[..., 1].long()) + self.value(x[..., 2:]), there

    def forward(self, x: Tensor) -> Tensor:
        return self.layout.arrange(*self.tokens(x))


class SetNetwork(ResidualNetwork):
    """A residual network on sets of points.

    With a `piece`, a set comes in evaluation in pieces of that many points, each read without the others; the
    answer is given on the mean of their features.
    """

    def __init__(self, *parts, piece: int = 0):
        super().__init__(*parts)
        self.piece = piece
        self.use(Padded())

    def use(self, layout: Padded) -> None:
        """Let the rows lie as `layout` says."""
        self.layout = self.stem.layout = layout  # type: ignore[assignment]  # torch types the parts of a module as either
        for branch in self.branches:
            branch.layout = layout  # type: ignore[assignment]  # torch types the parts of a module as either

    def embed(self, h: Tensor) -> Tensor:
        for block in self.blocks:
            h = block(h)
        return self.layout.pool(self.final(h))

    def forward(self, x: Tensor) -> Tensor:
        if self.training or not self.piece:
            return super().forward(x)
        points = x[..., 0].sum(1, keepdim=True).clamp(min=1)
        return self.head(sum(self.embed(self.stem(part)) * part[..., 0].sum(1, keepdim=True) / points
                             for part in x.split(self.piece, 1) if part[..., 0].any()))


Norm = Callable[[int, Site], nn.Module]
Connect = Callable[[Branch, nn.Module, Site], nn.Module]


def convolutional_network(classes: int, channels: int, layers: int, norm: Norm, connect: Connect) -> ResidualNetwork:
    """Images (N, 1, H, W) -> (N, classes): every branch at full resolution, He-normal weights."""
    blocks, branches = [], []
    stem = nn.Conv2d(1, channels, 3, padding=1)
    for i in range(layers):
        outer, inner = (Site(place, i, layers, i + 1, layers, True) for place in ("outer", "inner"))
        before = norm(channels, outer)
        branches.append(ConvolutionBranch(channels, before, norm(channels, inner)))
        blocks.append(connect(branches[-1], before, outer))
    last = norm(channels, Site("final", layers, layers, layers + 1, layers, True))
    net = ResidualNetwork(stem, blocks, branches, last, activation_after(last), nn.Linear(channels, classes))  # type: ignore[arg-type]  # a list of some of them
    for conv in [stem, *(conv for branch in branches for conv in branch.path)]:
        nn.init.kaiming_normal_(conv.weight)  # type: ignore[arg-type]  # torch types the parts of a module as either
        nn.init.zeros_(conv.bias)  # type: ignore[arg-type]  # torch types the parts of a module as either
    _start_head(net.head)
    return net


def transformer(symbols: int, channels: int, layers: int, heads: int, context: int, norm: Norm,
                connect: Connect) -> ResidualNetwork:
    """Symbols (N, T) -> (N * T, symbols) next-symbol logits; Xavier-normal weights."""
    blocks, branches = [], []
    for i in range(2 * layers):
        site = Site("outer", i, 2 * layers, i // 2 + 1, layers, False)
        before = norm(channels, site)
        branches.append(FeedForwardBranch(channels, 4 * channels) if i % 2
                        else AttentionBranch(channels, heads, context))
        blocks.append(connect(branches[-1], before, site))
    last = norm(channels, Site("final", 2 * layers, 2 * layers, layers + 1, layers, False))
    net = ResidualNetwork(TokenStem(symbols, channels, context), blocks, branches, last, nn.Identity(),  # type: ignore[arg-type]  # a list of some of them
                          nn.Linear(channels, symbols))
    for linear in (m for branch in branches for m in branch.children()):
        nn.init.xavier_normal_(linear.weight)  # type: ignore[arg-type]  # torch types the parts of a module as either
        nn.init.zeros_(linear.bias)  # type: ignore[arg-type]  # torch types the parts of a module as either
    for table in net.stem.children():
        nn.init.normal_(table.weight, std=math.sqrt(0.5))  # type: ignore[arg-type]  # torch types the parts of a module as either
    _start_head(net.head)
    return net


def set_transformer(cells: int, classes: int, channels: int, layers: int, heads: int, norm: Norm,
                    connect: Connect, piece: int = 0) -> SetNetwork:
    """Sets (N, T, 3) of points -> (N, classes) logits, whatever the order of the points; weights as above."""
    blocks, branches = [], []
    for i in range(2 * layers):
        site = Site("outer", i, 2 * layers, i // 2 + 1, layers, False)
        before = norm(channels, site)
        branches.append(FeedForwardBranch(channels, 4 * channels) if i % 2 else SetAttentionBranch(channels, heads))
        blocks.append(connect(branches[-1], before, site))
    last = norm(channels, Site("final", 2 * layers, 2 * layers, layers + 1, layers, False))
    net = SetNetwork(SetStem(cells, channels), blocks, branches, last, nn.Identity(), nn.Linear(channels, classes),
                     piece=piece)
    nn.init.zeros_(net.stem.value.bias)  # type: ignore[arg-type, union-attr]  # torch types the parts of a module as either
    for linear in (m for branch in branches for m in branch.children()):
        nn.init.xavier_normal_(linear.weight)  # type: ignore[arg-type]  # torch types the parts of a module as either
        nn.init.zeros_(linear.bias)  # type: ignore[arg-type]  # torch types the parts of a module as either
    for table in net.stem.children():
        nn.init.normal_(table.weight, std=math.sqrt(0.5))  # type: ignore[arg-type]  # torch types the parts of a module as either
    _start_head(net.head)
    return net


def _start_head(head: nn.Linear) -> None:
    nn.init.normal_(head.weight, std=head.in_features**-0.5)
    nn.init.zeros_(head.bias)


class GroupNorm(nn.Module):
    """Mean 0 and variance 1 over each group of channels of a sample, with its positions; gain and bias per channel.

    The number of groups is the largest that divides both `groups` and `channels`.
    """

    def __init__(self, channels: int, groups: int, eps: float = 1e-5):
        super().__init__()
        self.gain, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.groups, self.eps = math.gcd(groups, channels), eps

    def forward(self, x: Tensor) -> Tensor:
        if self.groups == 1 and x.dim() == 2:      # the same numbers by a faster road
            return F.layer_norm(x, x.shape[1:], self.gain, self.bias, self.eps)
        return F.group_norm(x, self.groups, self.gain, self.bias, self.eps)


class LayerNorm(GroupNorm):
    """Mean 0 and variance 1 over all channels and positions of a sample; gain and bias per channel."""

    def __init__(self, channels: int, eps: float = 1e-5):
        super().__init__(channels, 1, eps)


class BatchNorm(nn.Module):
    """Each channel to mean 0 and variance 1 over the batch and its positions; running averages in evaluation."""

    def __init__(self, channels: int, momentum: float = 0.1, eps: float = 1e-5):
        super().__init__()
        self.gain, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))
        self.momentum, self.eps = momentum, eps

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.mean, self.variance, self.gain, self.bias, self.training, self.momentum, self.eps)  # type: ignore[arg-type]  # torch types the parts of a module as either


class Affine(nn.Module):
    """A gain and a bias per channel: (N, C, ...) -> same."""

    def __init__(self, channels: int):
        super().__init__()
        self.gain, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return along_channels(self.gain, x) * x + along_channels(self.bias, x)


def along_channels(values: Tensor, x: Tensor) -> Tensor:
    """(C,) shaped to multiply x (N, C, ...)."""
    return values.view(1, -1, *[1] * (x.dim() - 2))


def standardised_weight(weight: Tensor, eps: float = 1e-5) -> Tensor:
    """(out, in, ...) with mean 0 and variance 1 over what enters each output unit."""
    variance, mean = torch.var_mean(weight, dim=tuple(range(1, weight.dim())), correction=0, keepdim=True)
    return (weight - mean) * torch.rsqrt(variance + eps)


class PreNormBlock(nn.Module):
    """x + gain * branch(norm(x)), where `gain` is None (one), or a parameter of shape () or (C,)."""

    def __init__(self, branch: nn.Module, norm: nn.Module, gain: nn.Parameter | None = None):
        super().__init__()
        self.branch, self.norm = branch, norm
        self.gain = gain

    def forward(self, x: Tensor) -> Tensor:
        out = self.branch(self.norm(x))
        if self.gain is None:
            return x + out
        return x + (along_channels(self.gain, x) if self.gain.dim() else self.gain) * out


class PostNormBlock(nn.Module):
    """norm(scale * x + branch(x)): the original transformer's order at scale 1."""

    def __init__(self, branch: nn.Module, norm: nn.Module, scale: float = 1.0):
        super().__init__()
        self.branch, self.norm, self.scale = branch, norm, scale

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.scale * x + self.branch(x))


class ScaledWeight(nn.Module):
    """Parametrisation: standardised weights over the root of the fan-in, with a learnt gain per output unit."""

    def __init__(self, weight: Tensor):
        super().__init__()
        self.gain = nn.Parameter(weight.new_ones(len(weight), *[1] * (weight.dim() - 1)))

    def forward(self, weight: Tensor) -> Tensor:
        return self.gain * weight[0].numel()**-0.5 * standardised_weight(weight)


class ScaledActivation(nn.Module):
    """Divides by a predicted deviation and, where a ReLU follows, applies it with the gain that keeps variance 1."""

    activates = True

    def __init__(self, deviation: float, activated: bool):
        super().__init__()
        self.scale, self.activated = 1 / deviation, activated

    def forward(self, x: Tensor) -> Tensor:
        x = self.scale * x
        return math.sqrt(2 / (1 - 1 / math.pi)) * F.relu(x) if self.activated else x


class GainedBranch(nn.Module):
    """strength * gain * branch(x) with a learnt scalar `gain` that starts at zero."""

    def __init__(self, branch: nn.Module, strength: float):
        super().__init__()
        self.branch, self.strength, self.gain = branch, strength, nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.strength * self.gain * self.branch(x)


class MovingStem(nn.Module):
    """Moves each image within the ranges that `ranges_of` gives it, before the stem.

    `ranges_of` maps images (N, 1, H, W) to (N, 3) in 0..1: shares of a quarter turn and of 2 pixels across and
    down. Training draws one pose; evaluation shows four fixed ones, (4N, ...), one after another.
    """

    POSES = ((-0.75, -0.25, 0.75), (-0.25, 0.75, -0.75), (0.25, -0.75, 0.25), (0.75, 0.25, -0.25))

    def __init__(self, stem: nn.Module, ranges_of: nn.Module):
        super().__init__()
        self.stem, self.ranges_of = stem, ranges_of

    def forward(self, x: Tensor) -> Tensor:
        self.ranges = self.ranges_of(x)
        if self.training:
            return self.stem(moved(x, self.ranges * (2 * torch.rand(self.ranges.shape).to(x.device) - 1)))
        return self.stem(torch.cat([moved(x, self.ranges * x.new_tensor(pose)) for pose in self.POSES]))


class MeanAnswer(nn.Module):
    """A head that in evaluation answers (4N, features) with the logarithm of the mean of four probabilities."""

    def __init__(self, head: nn.Linear):
        super().__init__()
        self.head = head

    def forward(self, features: Tensor) -> Tensor:
        logits = self.head(features)
        if self.training:
            return logits
        return logits.view(len(MovingStem.POSES), -1, logits.shape[1]).log_softmax(2).logsumexp(0) - math.log(4)


def moved(x: Tensor, moves: Tensor) -> Tensor:
    """Images (N, 1, H, W) resampled after moves (N, 3): shares of a quarter turn and of 2 pixels; edges repeat."""
    angle, shift = moves[:, 0] * math.pi / 2, moves[:, 1:] * 4 / x.shape[-1]
    turn = torch.stack([angle.cos(), -angle.sin(), shift[:, 0], angle.sin(), angle.cos(), shift[:, 1]], 1)
    grid = F.affine_grid(turn.view(-1, 2, 3), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False, padding_mode="border")
