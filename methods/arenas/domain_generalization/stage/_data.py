"""Letters and digits by font: which style is learnt, which is asked, and in which colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial
from methods.kit.stage.rendered import glyphs

AGREE, TARGET = (0.95, 0.8, 0.65, 0.5), 0.1      # how often the colour tells odd from even, in sources and target


@dataclass(frozen=True)
class Part:
    """Fonts by domain to learn from, with how often colours agree there (None without colours); fonts that are asked,
    fonts of the same styles that are not, and `told`, how often colours agree in them."""

    domains: tuple[Tensor, ...]
    agree: tuple[float | None, ...]
    asked: list[int]
    reserved: list[int]
    told: float | None


@dataclass(frozen=True)
class Fonts:
    """Pictures (F, C, 1, S, S) in 0..1 of every character in every font, and the names (F, C) they are learnt by."""

    x: Tensor
    y: Tensor
    parts: tuple[Part, ...]


def fonts(trial: Trial) -> Fonts:
    o = trial.options
    x, families, styles = _small() if o.small else _rendered(trial)
    kinds = [np.flatnonzero(styles == style) for style in range(5)]
    halves = [_halves(rows, families) for rows in kinds]
    told = TARGET if o.colours else None
    if o.single:
        parts = [Part((torch.from_numpy(kinds[0]),), (AGREE[0] if o.colours else None,),
                      [font for asked, _ in halves[1:4] for font in asked],
                      [font for _, kept in halves[1:4] for font in kept], told)]
    else:
        parts = [Part(tuple(torch.from_numpy(rows) for style, rows in enumerate(kinds) if style != held),
                      AGREE if o.colours else (None,) * 4, *halves[held], told) for held in range(o.held_out)]
    return Fonts(x, torch.arange(x.shape[1]).repeat(len(x), 1), tuple(parts))


def _halves(rows: np.ndarray, families: np.ndarray) -> tuple[list[int], list[int]]:
    """Fonts of every second family, and of the others."""
    among = np.unique(families[rows])
    return [list(map(int, rows[np.isin(families[rows], among[start::2])])) for start in (0, 1)]  # type: ignore[return-value]  # two


def _rendered(trial: Trial) -> tuple[Tensor, np.ndarray, np.ndarray]:
    images, families, _, styles = glyphs(32, trial.progress)
    x = torch.from_numpy(np.array(images, np.float32)).flatten(0, 1)[:, None] / 255
    return F.avg_pool2d(x, 2).view(len(images), -1, 1, 16, 16), np.asarray(families), np.asarray(styles)


def _small() -> tuple[Tensor, np.ndarray, np.ndarray]:
    """Ten handwritten digits in 20 hands of five styles, which are as dark, blurred and turned as their style says."""
    images, labels = datasets.digits()
    rows = np.stack([np.flatnonzero(labels == digit)[:20] for digit in range(10)], 1)                     # (20, 10)
    x, styles = torch.from_numpy(np.array(images[rows]))[:, :, None], np.arange(20) % 5
    for style in range(5):
        chosen = torch.from_numpy(styles == style)
        x[chosen] = (x[chosen] * (1 - 0.1 * style)).roll(style % 2, -1)
    return x, np.arange(20), styles
