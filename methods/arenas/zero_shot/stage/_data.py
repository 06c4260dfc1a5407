"""Kinds of drawings, seen and unseen, their drawings, and what is known of the kinds."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage import recognised_drawings as _features
from methods.kit.stage.arena import Trial


@dataclass(frozen=True)
class ZeroShotData:
    """As in Task, and the questions: cells (N, K, W + B) of unseen and of seen kinds, and who is in them (N, C).

    `middle` (W,) was taken off all features.
    """

    bags: Tensor
    tags: Tensor
    meaning: Tensor
    attributes: Tensor
    names: Tensor
    middle: Tensor
    many: Tensor
    width: int
    unseen_cells: Tensor
    unseen_right: Tensor
    seen_cells: Tensor
    seen_right: Tensor


def zero_shot_data(trial: Trial) -> ZeroShotData:
    rng, describe = trial.numpy("kinds"), trial.options.describe
    o = SimpleNamespace(**getattr(trial.options, trial.options.sizes))
    features, bits, names = _small(trial) if trial.options.small else _large(trial)
    kinds = rng.permutation(len(features))[:o.seen + o.unseen + o.clutter]
    order = np.stack([rng.permutation(features.shape[1]) for _ in kinds])                           # (C, drawings)
    features, bits, names = features[kinds[:, None], order], bits[kinds[:, None], order], names[kinds]
    if describe == "bits":
        features = bits
    middle = features[:o.seen, :o.train].mean((0, 1))
    features = features - middle
    x, c = np.concatenate([features, bits], 2).astype(np.float32), o.seen + o.unseen
    attributes = (bits[:c, :o.train].sum(1) + 1) / (o.train + 2)
    tests = (x[o.seen:c, o.train:o.train + o.asked], x[:o.seen, o.train:o.train + o.asked_seen])
    hidden = x[c:].reshape(-1, x.shape[2]) if o.clutter else None
    draw = trial.numpy("bags")
    (bags, tags), unseen, seen = (
        _bags(part, first, c, hidden, many, draw) if many else _single(part, first, c)
        for part, first, many in ((x[:o.seen, :o.train], 0, o.bags), (tests[0], o.seen, o.bag_tests),
                                  (tests[1], 0, o.bag_tests // 2)))
    put = trial.device
    meaning = attributes if describe == "bits" else names
    floats = (meaning[:c], attributes, names[:c], middle, features[o.seen:c, :o.train].mean(1))
    return ZeroShotData(*(torch.from_numpy(np.ascontiguousarray(a)).to(put) for a in (
        bags, tags[:, :o.seen], *(a.astype(np.float32) for a in floats))), features.shape[2],
        *(torch.from_numpy(np.ascontiguousarray(a)).to(put) for a in (*unseen, *seen)))


def _large(trial: Trial) -> tuple[np.ndarray, ...]:
    features, bits = _features.drawings(trial.progress)
    shape = (_features.KINDS, _features.EACH, -1)
    return (np.asarray(features, np.float32).reshape(shape), np.asarray(bits, np.float32).reshape(shape),
            _features.names(trial.progress))


def _small(trial: Trial) -> tuple[np.ndarray, ...]:
    """Digits; what they mean is a random projection of their mean, with noise."""
    images, labels = datasets.digits()
    rows = np.stack([np.flatnonzero(labels == digit)[:100] for digit in range(10)])
    flat = images.reshape(len(images), -1)
    flat = flat - flat.mean(0)
    flat = (flat / np.sqrt(np.square(flat).sum(1).mean())).astype(np.float32)
    noise = trial.numpy("names").normal(size=(2, 64, 8))
    names = flat[rows].mean(1) @ noise[0] + 0.2 * noise[1, :10]
    return (flat[rows], _features.bits_of(images)[rows][:, :, :4].astype(np.float32),
            names / np.linalg.norm(names, axis=1, keepdims=True))


def _single(part: np.ndarray, first: int, kinds: int) -> tuple[np.ndarray, np.ndarray]:
    """Every drawing of part (C, E, D) as a bag of one; the kinds are `first` and on, of so many."""
    right = np.zeros((len(part) * part.shape[1], kinds), bool)
    right[np.arange(len(right)), first + np.repeat(np.arange(len(part)), part.shape[1])] = True
    return part.reshape(len(right), 1, -1), right


def _bags(part: np.ndarray, first: int, kinds: int, hidden: np.ndarray | None, many: int,
          rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Four cells in any order: drawings of one to three of the kinds, the others of kinds that have no name."""
    size, right = 4, np.zeros((many, kinds), bool)
    shown = rng.integers(1, size, many)[:, None] > np.arange(size)                           # (M, 4), one to three
    named = rng.random((many, len(part))).argsort(1)[:, :size]
    if hidden is None:
        raise ValueError("bags need kinds without a name")
    cells = np.where(shown[:, :, None], part[named, rng.integers(0, part.shape[1], (many, size))],
                     hidden[rng.integers(0, len(hidden), (many, size))])
    row, place = shown.nonzero()
    right[row, first + named[row, place]] = True
    mixed = rng.random((many, size)).argsort(1)
    return cells[np.arange(many)[:, None], mixed], right
