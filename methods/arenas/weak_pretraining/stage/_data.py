"""Doodles with tags that are partly wrong, and doodles of unseen kinds to see what was learnt from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.stage.arena import Trial
from methods.kit.stage.drawings import drawings


@dataclass(frozen=True)
class WeakData:
    """Pictures x (N, 1, H, W) with tags (N, C) of 0 and 1, a first tag each (N,), the kind (N,) for upper bounds alone,
    rows (M,) whose kinds all may read; pictures of unseen kinds to fit a probe on, and to ask about."""

    x: Tensor
    tags: Tensor
    first: Tensor
    truth: Tensor
    clean: Tensor
    fit_x: Tensor
    fit_y: Tensor
    test_x: Tensor
    test_y: Tensor


def weak_data(trial: Trial) -> WeakData:
    o, rng, to = trial.options, trial.numpy("split"), trial.device
    learnt, val, test = drawings(rng, (o.kinds, o.validation, o.tests), (o.each,) * 3, o.small, trial.progress)
    asked = val if getattr(o, "asked", "test") == "val" else test
    x, asked_x = (each.x if o.small else F.avg_pool2d(each.x, 2) for each in (learnt, asked))
    truth, rows = learnt.y.numpy(), rng.permutation(len(asked))
    fit, other = (torch.from_numpy(part) for part in np.array_split(rows, 2))
    means = np.stack([x[learnt.y == c].mean(0).numpy().ravel() for c in range(o.kinds)])
    if o.groups:
        first = _groups(means, min(o.groups, o.kinds), rng)[truth]
        tags = np.eye(first.max() + 1, dtype=np.float32)[first]
    else:
        tags, first = _tags(truth, means, o.wrong, rng)
    clean = np.concatenate([rng.permutation(np.flatnonzero(truth == c))[:o.clean] for c in range(o.kinds)])
    return WeakData(x.to(to), torch.from_numpy(tags).to(to), torch.from_numpy(first).to(to), learnt.y.to(to),
                    torch.from_numpy(clean).to(to), asked_x[fit].to(to), asked.y[fit].to(to), asked_x[other].to(to),
                    asked.y[other].to(to))


def _tags(truth: np.ndarray, means: np.ndarray, wrong: float,
          rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Tags (N, C), one to three a picture: its own kind's but for a share `wrong`, and others of the ten kinds that
    look most alike, those of popular kinds more often (by rank, as Zipf has it). One of a picture's tags is
    its first."""
    many = len(means)
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    alike = np.argsort(-(unit @ unit.T), 1)[:, 1:11]
    popular = 1 / (1 + rng.permutation(many))
    chances = popular[alike] / popular[alike].sum(1, keepdims=True)
    count, own = rng.integers(1, 4, len(truth)), rng.random(len(truth)) >= wrong
    drawn = np.argsort(-(np.log(chances[truth]) + rng.gumbel(size=(len(truth), alike.shape[1]))), 1)[:, :3]
    given = np.concatenate([truth[:, None], np.take_along_axis(alike[truth], drawn, 1)], 1)   # own, others
    place = np.arange(4) - np.where(own, 0, 1)[:, None]
    tags, rows = np.zeros((len(truth), many), np.float32), np.arange(len(truth))
    chosen = (place >= 0) & (place < count[:, None])
    tags[np.repeat(rows, chosen.sum(1)), given[chosen]] = 1
    at = (rng.random(len(truth)) * count).astype(np.int64) + np.where(own, 0, 1)
    return tags, given[rows, at]


def _groups(means: np.ndarray, many: int, rng: np.random.Generator) -> np.ndarray:
    """A group (C,) of each kind: clusters of equal size of kinds whose mean pictures are alike."""
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    left, group, size = list(rng.permutation(len(unit))), np.empty(len(unit), np.int64), -(-len(unit) // many)
    for g in range(many):
        if not left:
            break
        near = sorted(left, key=lambda c: -(unit[c] @ unit[left[0]]))[:size]
        group[near] = g
        left = [c for c in left if c not in set(near)]
    return group
