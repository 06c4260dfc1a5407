"""Digits: which few have labels, which have none, which are validated on and which are asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial
from methods.kit.stage.augmentations import turned


@dataclass(frozen=True)
class SemiSupervisedData:
    """Pictures (N, 1, H, W) in 0..1 and digits (N,): `x` have labels, `free` have none to methods (`free_y` is for the
    upper bound and for scores)."""

    x: Tensor
    y: Tensor
    free_x: Tensor
    free_y: Tensor
    val_x: Tensor
    val_y: Tensor
    test_x: Tensor
    test_y: Tensor


def semi_supervised_data(trial: Trial) -> SemiSupervisedData:
    o, rng, device = trial.options, trial.numpy("split"), trial.device
    if o.small:
        images, labels = datasets.digits()
        images = images / images.max()
    else:
        first, named, second, others = datasets.mnist(trial.progress)
        images, labels = np.concatenate([first, second]), np.concatenate([named, others])
    labels = np.asarray(labels).astype(np.int64)
    order = rng.permutation(len(labels))
    few = np.concatenate([order[labels[order] == c][:o.labels] for c in range(10)])
    rest = order[~np.isin(order, few)]
    sizes = np.cumsum([o.free, o.val, o.test])
    parts: list[Tensor] = []
    for rows, name in zip((few, *np.split(rest, sizes)[:3]), ("labelled", "free", "val", "test"), strict=True):
        x = torch.from_numpy(np.array(images[rows], np.float32))[:, None]
        x = x if o.small else x / 255
        if o.style and name != "labelled":
            drawn = 2 * torch.rand(len(x), 2, generator=trial.generator(f"style of {name}")) - 1
            x = torch.cat([turned(part, 0.8 * d[:, 0], 0.8 + 0.2 * d[:, 1], torch.zeros_like(d))
                           for part, d in zip(x.split(2000), drawn.split(2000), strict=True)])
        x = x if o.small else x[:, :, 4:24, 4:24].contiguous()                 # a digit lies within these 20 x 20 dots
        parts += [x.to(device), torch.from_numpy(labels[rows]).to(device)]
    return SemiSupervisedData(*parts)
