"""Groups of neighbouring points, a transformer on them, and how far two sets of points are apart."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEADS = 3


@dataclass(frozen=True)
class Clouds:
    """`near` (N, G, K, 2): the K points of each of G groups, less its centre; `centre` (N, G, 2)."""

    near: Tensor
    centre: Tensor

    def __len__(self) -> int:
        return len(self.near)

    def split(self, many: int) -> list[Clouds]:
        return [Clouds(*pair) for pair in zip(self.near.split(many), self.centre.split(many), strict=True)]


def grouped(points: Tensor, groups: int, size: int) -> Clouds:
    """Centres far from each other, each the point farthest from those before, from the first point on; and the `size`
    points nearest to each."""
    rows, at = torch.arange(len(points), device=points.device), torch.zeros(len(points), dtype=torch.long,
                                                                          device=points.device)
    centres, away = [], points.new_full(points.shape[:2], torch.inf)
    for _ in range(groups):
        centres.append(points[rows, at])
        away = torch.minimum(away, (points - centres[-1][:, None]).square().sum(2))
        at = away.argmax(1)
    centre = torch.stack(centres, 1)
    nearest = torch.cdist(centre, points).topk(size, dim=2, largest=False).indices                        # (N, G, K)
    near = points[rows[:, None, None], nearest] - centre[:, :, None]
    return Clouds(near, centre)


class Block(nn.Module):
    """Attention and two layers, each normalised before."""

    def __init__(self, width: int):
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.think = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, tokens: Tensor) -> Tensor:
        n, t, width = tokens.shape
        q, k, v = self.ask(self.first(tokens)).view(n, t, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v)
        tokens = tokens + self.mix(mixed.transpose(1, 2).reshape(n, t, width))
        return tokens + self.think(self.second(tokens))


def place_net(width: int) -> nn.Sequential:
    """Centres (..., 2) -> (..., width)."""
    return nn.Sequential(nn.Linear(2, width), nn.GELU(), nn.Linear(width, width))


class Encoder(nn.Module):
    """Clouds to features (N, width), mean and largest of the tokens: a small network on the points of a group, whose
    largest value over points is the group's token, then blocks of attention that see the groups' places."""

    def __init__(self, width: int, blocks: int):
        super().__init__()
        self.width, self.paid = width, 0
        self.point = nn.Sequential(nn.Linear(2, width), nn.GELU(), nn.Linear(width, width))
        self.join, self.place = nn.Linear(width, width), place_net(width)
        self.blocks = nn.ModuleList([Block(width) for _ in range(blocks)])
        self.norm = nn.LayerNorm(width)

    def embed(self, near: Tensor) -> Tensor:
        return self.join(self.point(near).amax(2))

    def run(self, tokens: Tensor, centre: Tensor) -> Tensor:
        self.paid += len(tokens) * torch.is_grad_enabled()
        place = self.place(centre)
        for block in self.blocks:
            tokens = block(tokens + place)
        return self.norm(tokens)

    def forward(self, clouds: Clouds) -> Tensor:
        tokens = self.run(self.embed(clouds.near), clouds.centre)
        return tokens.mean(1) + tokens.amax(1)


class Decoder(nn.Module):
    """What encoded groups (N, V, width) at their places say of all groups' points: features (N, G, width), and points
    by `draw`. Hidden groups hold a learnt token."""

    def __init__(self, width: int, size: int):
        super().__init__()
        self.token, self.place = nn.Parameter(0.02 * torch.randn(width)), place_net(width)
        self.block, self.norm, self.out = Block(width), nn.LayerNorm(width), nn.Linear(width, 2 * size)

    def forward(self, tokens: Tensor, shown: Tensor, centre: Tensor) -> Tensor:
        full = self.token.expand(len(tokens), centre.shape[1], -1)
        full = full.scatter(1, shown[:, :, None].expand_as(tokens), tokens)
        return self.norm(self.block(full + self.place(centre)))

    def draw(self, features: Tensor) -> Tensor:
        return self.out(features).unflatten(-1, (-1, 2))


def taken(x: Tensor, rows: Tensor) -> Tensor:
    """The rows (N, V) of x (N, G, D): (N, V, D)."""
    return x.gather(1, rows[:, :, None].expand(-1, -1, x.shape[2]))


def chamfer(said: Tensor, true: Tensor) -> Tensor:
    """(...) of sets (..., K, 2): mean squared distance of each said point to the nearest true one, and the other way
    round."""
    away = (said[..., :, None, :] - true[..., None, :, :]).square().sum(-1)
    return away.amin(-1).mean(-1) + away.amin(-2).mean(-1)
