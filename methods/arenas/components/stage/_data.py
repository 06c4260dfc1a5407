"""What a run of the arena of components learns from and is tested on: digits as images or as sets, and program text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.stage.arena import Trial
from methods.kit.stage.data import digits, stdlib_source
from methods.kit.training import minibatches

SYMBOLS = 97      # newline, 95 printable characters, and one for all others


@dataclass(frozen=True)
class ComponentsData:
    """Images (N, 1, 8, 8) and labels (N,); or in text windows: symbols (N,) and their successors (N,)."""

    inputs: Tensor
    targets: Tensor
    test_inputs: Tensor      # (M, 1, 8, 8), sets (M, T, 3), or (M, T)
    test_targets: Tensor     # (M,), or (M * T,)


def _images(trial: Trial) -> ComponentsData:
    o = trial.options
    images, labels = digits()
    order = trial.numpy("split").permutation(len(labels))[:o.labels + o.tests]
    x = torch.from_numpy(images[order]).float()[:, None]
    y = torch.from_numpy(labels[order]).long()
    x, y = x.to(trial.device), y.to(trial.device)
    unseen = perturb(x[o.labels:], trial.generator("test views"))
    if o.sets:
        unseen = lit_pixels(unseen, trial.generator("test sets"))
    return ComponentsData(x[:o.labels], y[:o.labels], unseen, y[o.labels:])


def perturb(x: Tensor, generator: torch.Generator) -> Tensor:
    """(N, 1, 8, 8) in 0..1 turned by up to 25 degrees, shifted by up to 1 pixel, with noise; mean about 0."""
    angle = (torch.rand(len(x), generator=generator) * 2 - 1) * math.radians(25)
    shift = (torch.rand(len(x), 2, generator=generator) * 2 - 1) * 2 / x.shape[-1]
    turn = torch.stack([angle.cos(), -angle.sin(), shift[:, 0], angle.sin(), angle.cos(), shift[:, 1]], 1)
    grid = F.affine_grid(turn.view(-1, 2, 3), list(x.shape), align_corners=False).to(x.device)
    noise = torch.randn(x.shape, generator=generator).to(x.device)
    return (F.grid_sample(x, grid, align_corners=False) - 0.3) / 0.35 + 0.35 * noise


def lit_pixels(x: Tensor, generator: torch.Generator) -> Tensor:
    """Images (N, 1, H, W) as sets (N, T, 3) of points (1, pixel, brightness) in random order, filled up with zeros.

    Of each image's pixels above 0 a share is kept, the brightest always; the share is drawn from a half to all.
    """
    bright = x.flatten(1)                                                                # (N, P)
    kept = torch.rand(len(x), 1, generator=generator) / 2 + 1 / 2
    kept, order = torch.rand(bright.shape, generator=generator) < kept, torch.rand(bright.shape, generator=generator)
    lit = (bright > 0) & kept.to(x.device) | (bright == bright.amax(1, keepdim=True))
    rank, pixel = torch.sort(torch.where(lit, order.to(x.device), 2.0), 1)
    there = rank < 2
    points = torch.stack([there.float(), pixel * there, bright.gather(1, pixel) * there], 2)
    return points[:, :int(there.sum(1).max())]


def _text(trial: Trial) -> ComponentsData:
    """The first nine tenths of the text to learn from, windows of the rest to be tested on."""
    o = trial.options
    codes = torch.from_numpy(stdlib_source(o.characters).astype("int64"))
    symbols = torch.where((codes >= 32) & (codes < 127), codes - 31, torch.where(codes == 10, 0, SYMBOLS - 1))
    border = len(symbols) * 9 // 10
    seen, unseen = symbols[:border], symbols[border:]
    starts = torch.randint(len(unseen) - o.context, (o.text_tests, 1), generator=trial.generator("test windows"))
    windows = starts + torch.arange(o.context)
    seen, unseen, windows = seen.to(trial.device), unseen.to(trial.device), windows.to(trial.device)
    return ComponentsData(seen[:-1], seen[1:], unseen[windows], unseen[windows + 1].flatten())


def _batches(data: ComponentsData, trial: Trial, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
    o, generator = trial.options, trial.generator("batches")
    if o.text:
        for _ in range(steps):
            starts = torch.randint(len(data.inputs) - o.context, (o.windows, 1), generator=generator)
            windows = (starts + torch.arange(o.context)).to(data.inputs.device)
            yield data.inputs[windows], data.targets[windows].flatten()
    else:
        views, kept = trial.generator("views"), trial.generator("kept points")
        for batch in minibatches(len(data.inputs), o.batch, steps, generator):
            batch = batch.to(data.inputs.device)
            x = perturb(data.inputs[batch], views)
            yield lit_pixels(x, kept) if o.sets else x, data.targets[batch]
