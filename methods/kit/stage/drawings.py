"""Drawings of many kinds (Quick, Draw!), of which some are learnt, some validate and some are asked, and what retrieval
finds among drawings of kinds that nobody learnt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.engine.archives import Progress, reads
from methods.kit.stage.augmentations import turned
from methods.kit.stage.data import QUICKDRAW, quickdraw


@dataclass(frozen=True)
class Kinds:
    """Drawings `x` (N, 1, H, W) in 0..1 and kinds `y` (N,) from 0 on."""

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)


@reads(QUICKDRAW)
def drawings(rng: np.random.Generator, many: tuple[int, ...], each: tuple[int, ...], small: bool = False,
             on_progress: Progress | None = None) -> list[Kinds]:
    """For every entry of `many` so many kinds, none twice, with `each` of their drawings, drawn by `rng`.

    With `small` nothing is fetched: kinds are strokes between drawn points, 8 x 8.
    """
    images, labels = _strokes() if small else quickdraw(on_progress)[:2]
    names = rng.permutation(int(labels[-1]) + 1)
    found = []
    for kinds, wanted in zip(np.split(names[:sum(many)], np.cumsum(many)[:-1]), each, strict=True):
        rows = np.concatenate([rng.permutation(np.flatnonzero(labels == kind))[:wanted] for kind in kinds])
        x = torch.from_numpy(np.array(images[rows], np.float32))[:, None] / 255
        found.append(Kinds(x, torch.arange(len(kinds)).repeat_interleave(torch.tensor(
            [min(wanted, int((labels == kind).sum())) for kind in kinds]))))
    return found


def _strokes() -> tuple[np.ndarray, np.ndarray]:
    """24 kinds of two strokes each, 12 drawings a kind with shaking hands."""
    rng = np.random.default_rng(0)
    images = np.zeros((24 * 12, 8, 8), np.uint8)
    for kind in range(24):
        ends = rng.uniform(0.5, 6.5, (4, 2))
        for i in range(12):
            shaken = ends + rng.normal(0, 0.35, ends.shape)
            for a, b in (shaken[:2], shaken[2:]):
                for share in np.linspace(0, 1, 16):
                    row, column = np.clip(np.round(a + share * (b - a)), 0, 7).astype(int)
                    images[12 * kind + i, row, column] = 255
    return images, np.repeat(np.arange(24), 12)


def moved(x: Tensor, generator: torch.Generator) -> Tensor:
    """Drawings turned by up to 0.2 radians and shifted by up to a tenth of the side."""
    drawn = (2 * torch.rand(len(x), 3, generator=generator) - 1).to(x.device)
    return turned(x, 0.2 * drawn[:, 0], torch.ones(len(x), device=x.device), 0.2 * drawn[:, 1:])


def retrieval(z: Tensor, y: Tensor) -> tuple[float, float]:
    """What each of the embeddings (N, D) finds among all others by cosine, in %: MAP@R and recall at 1.

    MAP@R = mean over queries of 1/R sum_{i <= R} precision(i) [the i-th is of the query's kind], R how many there are
    Source: Musgrave et al. 2020, section 3.2.

    >>> import torch
    >>> z = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.8, 0.3], [0.0, 1.0]])
    >>> retrieval(z, torch.tensor([0, 0, 1, 1]))                       # the last finds its own kind first
    (75.0, 75.0)
    """
    z = F.normalize(z.float(), dim=1)
    counts = y.bincount()
    most = int(counts.max()) - 1
    found, first = [], []
    for start in range(0, len(z), 1000):
        s = z[start:start + 1000] @ z.T
        s[torch.arange(len(s)), torch.arange(start, start + len(s))] = -torch.inf
        same = y[s.topk(most, 1).indices] == y[start:start + 1000, None]
        wanted = (counts[y[start:start + 1000]] - 1).clamp(min=1)
        same &= torch.arange(most, device=z.device) < wanted[:, None]
        precision = same.cumsum(1) / torch.arange(1, most + 1, device=z.device)
        found.append((precision * same).sum(1) / wanted)
        first.append(same[:, 0])
    return (100 * torch.cat(found).double().mean().item(), 100 * torch.cat(first).double().mean().item())
