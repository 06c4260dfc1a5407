"""Pictures of clothes on a square of dots, and what is asked about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial

SIDE, MEAN, SD = 32, 0.25, 0.33
PAIR = (1, 8)               # trousers and bags; of the handwritten digits, ones and eights
HALF, SHAKE = 14, 3         # the side of each of two pictures, and how far it may lie from its corner


@dataclass(frozen=True)
class Pictures:
    """Standardised pictures (N, 1, 32, 32) and labels (N,), to learn from and to be asked."""

    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor


def pictures(trial: Trial) -> Pictures:
    o, rng = trial.options, trial.numpy("pictures")
    images, labels = datasets.digits() if o.small else datasets.fashion_mnist(trial.progress)
    labels, top = np.asarray(labels, np.int64), 1 if o.small else 255
    order, parts = rng.permutation(len(labels)), []
    cut = int(len(order) * 0.7)
    for rows, many in ((order[:cut], o.train), (order[cut:], o.test)):      # no picture is on both sides
        if o.far:
            at, y = pairs(rows, labels, many, rng)
            x = apart(_scaled(images, at.reshape(-1), top, HALF).view(many, 2, HALF, HALF), rng)
        else:
            at = rows[:many]
            whole = _scaled(images, at, top, 28)
            x, y = zoomed(whole, rng) if o.sizes else F.pad(whole, (2, 2, 2, 2)), labels[at]
        parts += [((x.view(-1, 1, SIDE, SIDE) - MEAN) / SD).to(trial.device), torch.from_numpy(y).to(trial.device)]
    return Pictures(*parts)


def _scaled(images: np.ndarray, at: np.ndarray, top: int, side: int) -> Tensor:
    x = torch.from_numpy(np.array(images[at], np.float32))[:, None] / top
    return x[:, 0] if x.shape[-1] == side else F.interpolate(x, (side, side), mode="area")[:, 0]


def pairs(rows: np.ndarray, labels: np.ndarray, many: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(many, 2) pictures of either of two classes, and whether both are of one class: (many,), 1 in half of them."""
    of = [rows[labels[rows] == label] for label in PAIR]
    first, same = rng.integers(0, 2, many), rng.integers(0, 2, many)
    kinds = np.stack([first, np.where(same == 1, first, 1 - first)], 1)
    return np.where(kinds == 0, rng.choice(of[0], (many, 2)), rng.choice(of[1], (many, 2))), same


def apart(two: Tensor, rng: np.random.Generator) -> Tensor:
    """(N, 32, 32) noise with two pictures (N, 2, 14, 14) near opposite corners, mirrored in half of them."""
    out = torch.from_numpy(0.3 * rng.random((len(two), SIDE, SIDE), np.float32))
    moves, flipped = rng.integers(0, SHAKE, (len(two), 4)), rng.random(len(two)) < 0.5
    for i, (a, b, c, d) in enumerate(moves):
        out[i, a:a + HALF, b:b + HALF] = two[i, 0]
        out[i, SIDE - HALF - c:SIDE - c, SIDE - HALF - d:SIDE - d] = two[i, 1]
    return torch.where(torch.from_numpy(flipped)[:, None, None], out.flip(2), out)


def zoomed(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Pictures (N, 28, 28) made 12 to 40 dots wide, anywhere on a square of 32: the large ones are cut."""
    n = len(x)
    size = rng.uniform(12, 40, n)
    free = np.abs(SIDE - size)[:, None] / SIDE * rng.uniform(-1, 1, (n, 2))       # of the middle, in half squares
    grow = torch.from_numpy(SIDE / size).float()
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = grow
    theta[:, :, 2] = grow[:, None] * torch.from_numpy(free).float()
    grid = F.affine_grid(theta, [n, 1, SIDE, SIDE], align_corners=False)
    return F.grid_sample(x[:, None], grid, align_corners=False)[:, 0]
