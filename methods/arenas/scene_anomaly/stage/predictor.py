"""A network that draws the next frame of a clip, one for every scene at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

Weights = Sequence[Tensor]       # two convolutions without offsets, common to scenes or one for each
KERNEL = 5


def blank(channels: int, device) -> list[Tensor]:
    """Weights of two convolutions, drawn anew."""
    first = torch.randn(channels, 1, KERNEL, KERNEL, device=device) * (2 / KERNEL ** 2) ** 0.5
    second = torch.randn(1, channels, KERNEL, KERNEL, device=device) * (1 / (channels * KERNEL ** 2)) ** 0.5
    return [first.requires_grad_(), second.requires_grad_()]


def _convolved(x: Tensor, weight: Tensor) -> Tensor:
    """x (S, N, C, H, W) by weights (S, O, C, k, k) of each scene; what leaves a frame comes in on the other side."""
    s, n, c, h, w = x.shape
    pad = KERNEL // 2
    flat = F.pad(x.transpose(0, 1).reshape(n, s * c, h, w), (pad,) * 4, mode="circular")
    return F.conv2d(flat, weight.flatten(0, 1), groups=s).unflatten(1, (s, -1)).transpose(0, 1)


def errors(weights: Weights, clips: Tensor) -> Tensor:
    """(S, N) squared error of the second frames of clips (S, N, 2, H, W), mean over dots, in % of their mean square."""
    own = [w if w.ndim == 5 else w.expand(len(clips), *w.shape) for w in weights]
    drawn = _convolved(F.relu(_convolved(clips[:, :, :1], own[0])), own[1])[:, :, 0]
    then = clips[:, :, 1]
    return 100 * (drawn - then).square().mean((2, 3)) / then.square().mean((2, 3)).clamp(min=1e-3)


def descend(weights: Weights, clips: Tensor, steps: int, rate: float, through: bool = False) -> list[Tensor]:
    """Weights of each scene after some steps of gradient descent on the mean error of its clips (S, K, 2, H, W).

    `weights` are common to all scenes; with `through`, what is differentiated later flows through the steps.
    """
    own = [w.expand(len(clips), *w.shape) for w in weights]
    if not through:
        own = [w.detach().clone().requires_grad_() for w in own]
    for _ in range(steps):
        grads = torch.autograd.grad(errors(own, clips).mean(1).sum(), own, create_graph=through)
        own = [w - rate * g for w, g in zip(own, grads, strict=True)]
        if not through:
            own = [w.detach().requires_grad_() for w in own]
    return own
