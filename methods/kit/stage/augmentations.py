"""Random views of pictures: turned, zoomed and shifted anew, with a block left out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def turned(x: Tensor, angle: Tensor, zoom: Tensor, shift: Tensor) -> Tensor:
    """Pictures (N, 1, H, W) turned by `angle` (N,) in radians, enlarged by `zoom` (N,), moved by `shift` (N, 2), where
    1 is half a side."""
    cos, sin = angle.cos() / zoom, angle.sin() / zoom
    matrix = torch.stack([torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1)
    grid = F.affine_grid(matrix, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


def view(x: Tensor, generator: torch.Generator, strength: float = 1.0) -> Tensor:
    """Another view of each picture: turned by up to 0.5 radians, zoomed by 0.8 to 1.25, shifted by up to 15 %, and a
    block of a third of the sides left out. A lower `strength` narrows all of that; below 0.5 nothing is left out."""
    n, side = len(x), x.shape[-1]
    drawn = (2 * torch.rand(n, 4, generator=generator) - 1).to(x.device) * strength
    corner = torch.rand(n, 2, generator=generator).to(x.device)
    x = turned(x, 0.5 * drawn[:, 0], 1.25 ** drawn[:, 1], 0.3 * drawn[:, 2:])
    if strength < 0.5:
        return x
    block = max(1, side // 3)
    start, places = (corner * (side - block + 1)).floor(), torch.arange(side, device=x.device)
    inside = (places >= start[:, :, None]) & (places < start[:, :, None] + block)            # (N, 2, side)
    return x * ~(inside[:, 0, :, None] & inside[:, 1, None, :])[:, None]
