"""The networks of the domain-adaptation arena, and the pieces that several ways of adapting share."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class DomainNet(nn.Module):
    """x (B, C, H, W) -> early (B, W1, H', W') -> late (B, D) -> head (B, classes), with batch normalisation.

    Bags of words come as (B, V, 1, 1) and meet convolutions of size one, that is, dense layers.
    """

    def __init__(self, channels: int, side: int, width: int, classes: int):
        super().__init__()
        k = 3 if side > 1 else 1
        pool = nn.MaxPool2d(2) if side > 1 else nn.Identity()
        self.stem = nn.Sequential(nn.Conv2d(channels, width, k, padding=k // 2, bias=False), nn.BatchNorm2d(width),
                                  nn.ReLU(), pool)
        self.body = nn.Sequential(nn.Conv2d(width, 2 * width, k, padding=k // 2, bias=False),
                                  nn.BatchNorm2d(2 * width), nn.ReLU(), pool)
        cells = max(side // 4, 1) ** 2
        self.neck = nn.Sequential(nn.Flatten(), nn.Linear(2 * width * cells, 4 * width, bias=False),
                                  nn.BatchNorm1d(4 * width), nn.ReLU())
        self.head = nn.Linear(4 * width, classes)
        self.dim, self.early_channels = 4 * width, width

    def early(self, x: Tensor) -> Tensor:
        return self.stem(x)

    def late(self, h: Tensor) -> Tensor:
        return self.neck(self.body(h))

    def features(self, x: Tensor) -> Tensor:
        return self.late(self.early(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))

    def backbone(self) -> list[nn.Parameter]:
        return [p for part in (self.stem, self.body, self.neck) for p in part.parameters()]


def norms(net: nn.Module) -> list[nn.modules.batchnorm._BatchNorm]:
    return [m for m in net.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]


def affine(net: nn.Module) -> list[nn.Parameter]:
    """Scales and shifts of the batch normalisations."""
    return [p for norm in norms(net) for p in (norm.weight, norm.bias)]


@contextmanager
def batch_statistics(net: nn.Module) -> Iterator[None]:
    """Normalise by the batch at hand without touching the stored statistics."""
    found, was = norms(net), net.training
    momenta = [norm.momentum for norm in found]
    for norm in found:
        norm.momentum = 0.0
    net.train()
    try:
        yield
    finally:
        net.train(was)
        for norm, momentum in zip(found, momenta, strict=True):
            norm.momentum = momentum


@torch.no_grad()
def reestimate(net: nn.Module, x: Tensor, size: int = 256) -> None:
    """Replace the stored statistics by those of x (N, ...), layer by layer of the network as it stands.

    A single picture says nothing about the spread of a dense layer's input; its statistics are then kept.
    """
    if len(x) < 2:
        return
    found, was = norms(net), net.training
    for norm in found:
        norm.reset_running_stats()
        norm.momentum = None                # cumulative mean over the parts
    net.train()
    parts = list(x.split(size))
    if len(parts) > 1 and len(parts[-1]) < size // 2:
        parts[-2:] = [torch.cat(parts[-2:])]
    for part in parts:
        net(part)
    for norm in found:
        norm.momentum = 0.1
    net.train(was)


def frozen_copy(net: nn.Module) -> nn.Module:
    """A copy that is not trained, in evaluation mode."""
    return copy.deepcopy(net).requires_grad_(False).eval()


@torch.no_grad()
def follow(teacher: nn.Module, student: nn.Module, keep: float) -> None:
    """Exponential moving average: teacher <- keep * teacher + (1 - keep) * student, statistics included."""
    for slow, fast in zip(teacher.state_dict().values(), student.state_dict().values(), strict=True):
        if slow.is_floating_point():
            slow.mul_(keep).add_(fast, alpha=1 - keep)


@torch.no_grad()
def predict(net: nn.Module, x: Tensor, size: int = 512) -> tuple[Tensor, Tensor]:
    """Features (N, D) and logits (N, C) in evaluation mode; the mode is restored."""
    was = net.training
    net.eval()
    z = torch.cat([net.features(part) for part in x.split(size)])
    logits = net.head(z)
    net.train(was)
    return z, logits


def entropy(p: Tensor) -> Tensor:
    """(B, C) probabilities -> (B,) entropies in nats."""
    return -(p * p.clamp_min(1e-8).log()).sum(1)


def information(p: Tensor) -> Tensor:
    """Mean entropy minus entropy of the mean: low when answers are sure and differ between pictures."""
    return entropy(p).mean() - entropy(p.mean(0, keepdim=True))[0]


def moments(h: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (B, C, 1, 1) of each channel of each feature map."""
    return h.mean((2, 3), keepdim=True), (h.var((2, 3), keepdim=True, unbiased=False) + 1e-5).sqrt()


def restyle(h: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Adaptive instance normalisation: h with its channels' moments replaced."""
    own_mean, own_std = moments(h)
    return std * (h - own_mean) / own_std + mean


def class_means(z: Tensor, p: Tensor) -> Tensor:
    """(C, D): features averaged with weights p (N, C); classes without weight are at zero."""
    return (p.T @ z) / p.sum(0)[:, None].clamp_min(1e-6)


def nearest_mean_labels(z: Tensor, p: Tensor, rounds: int = 2) -> Tensor:
    """Pseudo-labels (N,): nearest class centroid by cosine, centroids first weighted by p (N, C), then by labels."""
    z = F.normalize(torch.cat([z, z.new_ones(len(z), 1)], 1), dim=1)
    held = p.argmax(1).bincount(minlength=p.shape[1]) > 0
    weights, labels = p, p.argmax(1)
    for _ in range(rounds):
        near = z @ F.normalize(class_means(z, weights), dim=1).T
        labels = near.masked_fill(~held, -2.0).argmax(1)
        weights = F.one_hot(labels, p.shape[1]).to(p.dtype)
    return labels


def cluster(z: Tensor, many: int, generator: torch.Generator, rounds: int = 10) -> tuple[Tensor, Tensor]:
    """k-means: (k, D) centres and (N,) members, from farthest-first starts."""
    many = min(many, len(z))
    first = int(torch.randint(len(z), (1,), generator=generator))
    chosen, far = [first], torch.cdist(z, z[first:first + 1])[:, 0]
    while len(chosen) < many:
        chosen.append(int(far.argmax()))
        far = torch.minimum(far, torch.cdist(z, z[chosen[-1]][None])[:, 0])
    centres = z[chosen]
    member = torch.cdist(z, centres).argmin(1)
    for _ in range(rounds):
        member = torch.cdist(z, centres).argmin(1)
        held = F.one_hot(member, many).to(z.dtype)
        centres = torch.where(held.sum(0)[:, None] > 0, class_means(z, held), centres)
    return centres, member


class _Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z, weight):
        ctx.weight = weight
        return z.view_as(z)

    @staticmethod
    def backward(ctx, gradient):
        return -ctx.weight * gradient, None


def reverse_gradient(z: Tensor, weight: float) -> Tensor:
    """z itself, whose gradient comes back times -weight."""
    return _Reversed.apply(z, weight)
