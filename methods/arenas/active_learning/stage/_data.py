"""Pools of digits by their features, the first labels of each, and the digits asked at the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial
from methods.kit.stage.drawing_features import digit_features


@dataclass(frozen=True)
class ActiveData:
    """`x` (R, N, D) and `y` (R, N) of R pools, `first` (R, S) the items labelled from the start; digits of the test.

    A label of `classes` says: of no kind that is wanted.
    """

    x: Tensor
    y: Tensor
    first: Tensor
    test_x: Tensor
    test_y: Tensor
    classes: int


def active_data(trial: Trial) -> ActiveData:
    o, rng = trial.options, trial.numpy("pools")
    if o.small:
        images, digits = datasets.digits()
        features = images.reshape(len(images), -1)
    else:
        looks, digits = digit_features(trial.progress)
        features = looks["plain"]
    kinds = rng.permutation(10)[:o.kinds]
    labels = np.full(10, o.kinds)
    labels[kinds] = np.arange(o.kinds)
    order = rng.permutation(len(digits))
    rows = order[:o.campaigns * o.pool].reshape(o.campaigns, o.pool)
    rest = order[o.campaigns * o.pool:]
    rest = rest[labels[digits[rest]] < o.kinds][:o.test]
    x, y = torch.from_numpy(np.array(features[rows.ravel()], np.float32)), torch.from_numpy(labels[digits[rows]])
    first = torch.stack([torch.from_numpy(_first(each, o.kinds, o.start // o.kinds, rng)) for each in y.numpy()])
    mean, sd = x.mean(0), x.std(0).clamp(min=1e-3)
    test_x = torch.from_numpy(np.array(features[rest], np.float32))
    put = trial.device
    x, test_x = (F.normalize((each - mean) / sd, dim=1) * x.shape[1] ** 0.5 for each in (x, test_x))
    return ActiveData(x.reshape(o.campaigns, o.pool, -1).to(put), y.to(put), first.to(put), test_x.to(put),
                      torch.from_numpy(labels[digits[rest]]).to(put), o.kinds)


def _first(labels: np.ndarray, kinds: int, each: int, rng: np.random.Generator) -> np.ndarray:
    """`each` items of every wanted kind."""
    return np.concatenate([rng.choice(np.flatnonzero(labels == kind), each, replace=False) for kind in range(kinds)])
