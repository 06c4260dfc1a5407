"""Directions for kinds that are fixed before anything is learnt."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def simplex(dimensions: int) -> Tensor:
    """The dimensions + 1 vertices (D + 1, D) of a regular simplex around 0, of length 1.

    Vertices are e_1 .. e_D and (1 - sqrt(D + 1)) / D times the vector of ones, less their mean.
    Source: Pernici et al. 2021, equation 9.

    >>> simplex(2) @ simplex(2).T                                      # three directions, 120 degrees apart
    tensor([[ 1.0000, -0.5000, -0.5000],
            [-0.5000,  1.0000, -0.5000],
            [-0.5000, -0.5000,  1.0000]])
    """
    last = torch.full((1, dimensions), (1 - math.sqrt(dimensions + 1)) / dimensions, dtype=torch.double)
    corners = torch.cat([torch.eye(dimensions, dtype=torch.double), last])
    corners = corners - corners.mean(0)
    return (corners / corners.norm(dim=1, keepdim=True)).float()


class SimplexClassifier(nn.Module):
    """Logits (B, D + 1) of embeddings (B, D): products with the vertices, most of them of kinds yet to come."""

    def __init__(self, dimensions: int):
        super().__init__()
        self.register_buffer("vertices", simplex(dimensions))

    def forward(self, z: Tensor) -> Tensor:
        return z @ self.vertices.T
