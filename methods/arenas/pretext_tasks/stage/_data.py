"""Upper and lower halves of digits: which are unlabelled, which refine, which the head may use, which are asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial


@dataclass(frozen=True)
class PretextData:
    """Halves (N, D) in 0..1 and digits (N,): `x1`, `x2` without labels to methods (`y` is for upper bounds), `refine`
    pairs with labels, and upper halves of the head's `pool`, of validation and test."""

    x1: Tensor
    x2: Tensor
    y: Tensor
    refine_x1: Tensor
    refine_x2: Tensor
    refine_y: Tensor
    pool_x: Tensor
    pool_y: Tensor
    val_x: Tensor
    val_y: Tensor
    test_x: Tensor
    test_y: Tensor


def pretext_data(trial: Trial) -> PretextData:
    o, rng = trial.options, trial.numpy("split")
    images, labels = datasets.digits() if o.small else datasets.mnist(trial.progress)[:2]
    labels = np.asarray(labels)
    sizes = [round(o.unlabelled * o.fewer), round(o.refining * o.refine), o.pool, o.val, o.test]
    order = rng.permutation(len(labels))
    free, parts = order[sum(sizes):], np.split(order[:sum(sizes)], np.cumsum(sizes)[:-1])
    unlabelled, refine, pool, val, test = parts
    others = {c: np.concatenate([free, unlabelled])[labels[np.concatenate([free, unlabelled])] == c]
              for c in range(10)}

    def halves(rows: np.ndarray, purpose: str) -> tuple[Tensor, Tensor, Tensor]:
        pairing, patches = trial.numpy(f"pairs of {purpose}"), trial.numpy(f"patches of {purpose}")
        below = rows
        if o.pairs == "digit":
            below = np.array([others[c][i] for c, i in zip(
                labels[rows], (pairing.random(len(rows)) * [len(others[c]) for c in labels[rows]]).astype(int),
                strict=True)])
        pixels = [np.array(images[each], np.float32) / (1 if o.small else 255) for each in (rows, below)]
        middle = pixels[0].shape[1] // 2
        up, down = pixels[0][:, :middle].copy(), pixels[1][:, middle:].copy()
        if o.patch:
            paste(up, down, o.size, trial.numpy("place of patches"), patches)
        return (*(torch.from_numpy(half.reshape(len(rows), -1)) for half in (up, down)),
                torch.from_numpy(labels[rows].astype(np.int64)))

    x1, x2, y = halves(unlabelled, "unlabelled")
    refined = halves(refine, "refinement")
    asked = [halves(rows, name) for rows, name in ((pool, "pool"), (val, "validation"), (test, "test"))]
    return PretextData(x1, x2, y, *refined, *(part for up, _, digit in asked for part in (up, digit)))


def paste(up: np.ndarray, down: np.ndarray, size: int, place: np.random.Generator, dots: np.random.Generator) -> None:
    """A patch of random dark and light dots for each picture, the same in both halves, at one place for all."""
    many, height, width = up.shape
    top, left = int(place.integers(0, height - size + 1)), int(place.integers(0, width - size + 1))
    patch = dots.integers(0, 2, (many, size, size)).astype(np.float32)
    for half in (up, down):
        half[:, top:top + size, left:left + size] = patch
