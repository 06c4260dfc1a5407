"""Contrast between views that several methods share."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def nt_xent(z1: Tensor, z2: Tensor, tau: float) -> Tensor:
    """Mean over the 2B views of -log of the softmax, among all other views of the batch, that the view of the same
    picture has by cosine over `tau`."""
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    logits = (z @ z.T / tau).fill_diagonal_(-torch.inf)
    return F.cross_entropy(logits, torch.arange(len(z), device=z.device).roll(len(z1)))


def negative_cosine(p: Tensor, z: Tensor) -> Tensor:
    """Mean of minus the cosine of p (B, D) and z (B, D); no gradient reaches z."""
    return -F.cosine_similarity(p, z.detach(), dim=1).mean()


def off_diagonal(c: Tensor) -> Tensor:
    """All entries of a square matrix but the diagonal, in one row."""
    return c.flatten()[1:].view(len(c) - 1, len(c) + 1)[:, :-1].flatten()
