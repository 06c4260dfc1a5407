"""Bags of digits by their features: which bags train, and which are asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial
from methods.kit.stage.drawing_features import digit_features


@dataclass(frozen=True)
class Bags:
    """Features (B, K, D), labels of bags (B,) and of instances (B, K), 1 for the kind looked for."""

    x: Tensor
    y: Tensor
    instances: Tensor


@dataclass(frozen=True)
class BagData:
    train: Bags
    test: Bags


def bag_data(trial: Trial) -> BagData:
    o, rng = trial.options, trial.numpy("bags")
    if o.small:
        images, digits = datasets.digits()
        looks = {"plain": images.reshape(len(images), -1), "blurred": 0.6 * images.reshape(len(images), -1)}
    else:
        looks, digits = digit_features(trial.progress)
    wanted, order = int(rng.integers(0, 10)), rng.permutation(len(digits))
    pools = order[:len(order) // 2], order[len(order) // 2:]
    looked = [("plain", pools[0], o.bags), (o.test_look, pools[1], o.tests)]
    parts = [_bags(looks[name], np.asarray(digits), pool, wanted, many, o, rng) for name, pool, many in looked]
    mean, sd = parts[0].x.mean((0, 1)), parts[0].x.std((0, 1)).clamp(min=1e-3)
    return BagData(*(Bags((part.x - mean) / sd, part.y, part.instances) for part in parts))


def _bags(features: np.ndarray, digits: np.ndarray, pool: np.ndarray, wanted: int, many: int, o,
          rng: np.random.Generator) -> Bags:
    """`many` bags, every second one with `witnesses` of the wanted digit, the others with none."""
    witnesses, others = pool[digits[pool] == wanted], pool[digits[pool] != wanted]
    rows, found = np.empty((many, o.size), int), np.zeros((many, o.size), np.int64)
    for i in range(many):
        rows[i] = rng.choice(others, o.size, replace=False)
        if i % 2:
            at = rng.choice(o.size, o.witnesses, replace=False)
            rows[i, at], found[i, at] = rng.choice(witnesses, o.witnesses, replace=False), 1
    x = torch.from_numpy(np.array(features[rows.ravel()], np.float32)).reshape(many, o.size, -1)
    return Bags(x, torch.arange(many) % 2, torch.from_numpy(found))
