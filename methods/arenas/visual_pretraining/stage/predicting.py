"""Guessing the features of blocks of places from those of the other places."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.visual_pretraining.stage.nets import (
    HEAD_WIDTH,
    Block,
    Encoder,
    Parts,
    follow,
    frozen_copy,
    sines,
    taken,
)
from methods.arenas.visual_pretraining.stage.task import Task

BLOCKS, FEWEST = 4, 4        # blocks to guess, and the fewest places that are left to guess them from


class Predictor(nn.Module):
    """From encoded tokens (N, V, width) of places (V,) to features (N, M, width) of other places (N, M), in a narrower
    space with positions of its own. `noise` (N, M, width) goes through the layer that context tokens go through, and
    `shift` (N, M, inner) is added as it is."""

    def __init__(self, encoder: Encoder, blocks: int = 1):
        super().__init__()
        self.inner = -(-encoder.width // (2 * HEAD_WIDTH)) * HEAD_WIDTH
        self.into, self.token = nn.Linear(encoder.width, self.inner), nn.Parameter(0.02 * torch.randn(self.inner))
        self.place: Tensor
        self.register_buffer("place", sines(encoder.grid, self.inner))
        self.blocks = nn.ModuleList([Block(self.inner) for _ in range(blocks)])
        self.out = nn.Sequential(nn.LayerNorm(self.inner), nn.Linear(self.inner, encoder.width))

    def forward(self, context: Tensor, at: Tensor, wanted: Tensor, noise: Tensor | None = None,
                shift: Tensor | None = None) -> Tensor:
        asked = self.token + self.place[wanted]
        if noise is not None:
            asked = asked + self.into(noise)
        if shift is not None:
            asked = asked + shift
        tokens = torch.cat([self.into(context) + self.place[at], asked], 1)
        for block in self.blocks:
            tokens = block(tokens)
        return self.out(tokens[:, len(at):])


def network(task: Task) -> Parts:
    """An encoder, a predictor and a slow copy of the encoder."""
    encoder = task.encoder()
    return task.parts(encoder, predictor=Predictor(encoder), slow=frozen_copy(encoder))


def drawn_blocks(grid: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Four squares of places, half of the grid high and wide, as rows (4, M), and the places in none of them, at
    least four."""
    side, whole = grid // 2, torch.arange(grid * grid).view(grid, grid)
    while True:
        corner = torch.randint(0, grid - side + 1, (BLOCKS, 2), generator=generator).tolist()
        squares = torch.stack([whole[i:i + side, j:j + side].flatten() for i, j in corner])
        left = torch.ones(grid * grid, dtype=torch.bool).index_fill(0, squares.flatten(), False).nonzero()[:, 0]
        if len(left) >= FEWEST:
            return squares, left


def guessed_features(net: Parts, x: Tensor, task: Task, noisy: float = 0.0, shifted: float = 0.0) -> Tensor:
    """Mean distance (smoothed L1) of the features guessed for four blocks from those of the slow copy, which sees the
    whole picture; positions asked for are noisy by `noisy` through the predictor's first layer or by `shifted` as they
    are."""
    encoder, patches = net.encoder, net.encoder.patches(x)
    squares, left = (part.to(x.device) for part in drawn_blocks(encoder.grid, task.generator))
    with torch.no_grad():
        features = net.slow.tokens(patches)
        features = F.layer_norm(features, features.shape[2:])
    context = encoder.tokens(patches, left.expand(len(x), -1))
    wanted = squares.repeat_interleave(len(x), 0)
    noise = _gauss(noisy, (len(wanted), squares.shape[1], encoder.width), task)
    shift = _gauss(shifted, (len(wanted), squares.shape[1], net.predictor.inner), task)
    said = net.predictor(context.repeat(BLOCKS, 1, 1), left, wanted, noise, shift)
    return F.smooth_l1_loss(said, taken(features.repeat(BLOCKS, 1, 1), wanted))


def _gauss(deviation: float, shape: tuple[int, ...], task: Task) -> Tensor | None:
    if not deviation:
        return None
    return deviation * torch.randn(shape, generator=task.generator).to(task.pictures.device)


def let_follow(net: Parts, start: float, progress: float) -> None:
    """The slow copy keeps `start` of itself, growing to 1 in a line."""
    follow(net.slow, net.encoder, start + (1 - start) * progress)
