"""What features are worth: a ridge head from few labels, the same for everybody."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.pretext_tasks.stage._data import PretextData
from methods.kit.stage.arena import Trial

RIDGES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)     # for each label, beside features whose variance is 1 on average
CLASSES = 10


def head_accuracies(features: Mapping[str, Tensor], data: PretextData, trial: Trial) -> dict[int, float]:
    """Test accuracy in % by number of labels, mean over draws; the ridge is the best of five on validation pictures."""
    mean = features["pool_x"].mean(0)
    scale = (features["pool_x"] - mean).square().mean().sqrt().clamp(min=1e-9)
    pool, val, test = ((features[part] - mean) / scale for part in ("pool_x", "val_x", "test_x"))
    found = {}
    for n, draws in trial.options.draws.items():
        rng = trial.numpy(f"{n} labels")
        heads: dict[float, list[tuple[Tensor, Tensor]]] = {ridge: [] for ridge in RIDGES}
        for _ in range(draws):
            rows = torch.from_numpy(balanced(data.pool_y.numpy(), n // CLASSES, rng))
            for ridge in RIDGES:
                heads[ridge].append(ridge_head(pool[rows], data.pool_y[rows], ridge))
        best = max(RIDGES, key=lambda ridge: _accuracy(heads[ridge], val, data.val_y))
        found[n] = _accuracy(heads[best], test, data.test_y)
    return found


def balanced(labels: np.ndarray, each: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of a pool, `each` of every class."""
    return np.concatenate([rng.choice(np.flatnonzero(labels == c), each, replace=False) for c in range(CLASSES)])


def ridge_head(x: Tensor, y: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
    """Weights (K, classes) and offset of the least squares onto centred indicators, weights held small by `ridge` a
    label; solved in as many unknowns as there are labels or features, whichever are fewer."""
    mean = x.mean(0)
    x, target = x - mean, F.one_hot(y, CLASSES).to(x.dtype)
    offset = target.mean(0)
    target, small = target - offset, ridge * len(x)
    if len(x) < x.shape[1]:
        weights = x.T @ torch.linalg.solve(x @ x.T + small * torch.eye(len(x), dtype=x.dtype), target)
    else:
        weights = torch.linalg.solve(x.T @ x + small * torch.eye(x.shape[1], dtype=x.dtype), x.T @ target)
    return weights, offset - mean @ weights


def _accuracy(heads: list[tuple[Tensor, Tensor]], x: Tensor, y: Tensor) -> float:
    weights, offsets = torch.cat([head[0] for head in heads], 1), torch.cat([head[1] for head in heads])
    said = (x @ weights + offsets).unflatten(1, (len(heads), CLASSES)).argmax(2)
    return 100 * (said == y[:, None]).double().mean().item()
