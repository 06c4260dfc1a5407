"""Losses that several methods of the arena of unlabelled pictures share."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def standardised(patches: Tensor) -> Tensor:
    """Each patch (N, T, dots) less its mean, over the root of its variance (with n - 1) and a millionth."""
    return (patches - patches.mean(2, keepdim=True)) / (patches.var(2, keepdim=True) + 1e-6).sqrt()


def hidden_square(said: Tensor, target: Tensor, hidden: Tensor) -> Tensor:
    """Mean squared error (N, T, D) over the hidden places (N, T)."""
    return (said - target).square().mean(2)[hidden].mean()


def hidden_distance(said: Tensor, target: Tensor, hidden: Tensor) -> Tensor:
    """Mean absolute error (N, T, D) over the hidden places (N, T)."""
    return (said - target).abs().mean(2)[hidden].mean()


def nt_xent(z1: Tensor, z2: Tensor, tau: float) -> Tensor:
    """Mean over the 2B views of -log of the softmax, among all other views of the batch, that the view of the same
    picture has by cosine over `tau`."""
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    logits = (z @ z.T / tau).fill_diagonal_(-torch.inf)
    return F.cross_entropy(logits, torch.arange(len(z), device=z.device).roll(len(z1)))


def words_loss(logits: Tensor, words: Tensor) -> Tensor:
    """Cross-entropy (N, W) with each picture's words, as much of each; nothing for pictures without words."""
    share = words / words.sum(1, keepdim=True).clamp(min=1)
    return -(share * logits.log_softmax(1)).sum(1).mean()
