"""Digits turned, scaled and shifted once and for all: which are unlabelled, which the probe learns from, which are
asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial
from methods.kit.stage.augmentations import turned


@dataclass(frozen=True)
class SelfSupervisionData:
    """Pictures (N, 1, H, W) in 0..1 and digits (N,): `x` are those without labels to methods (`y` pairs pictures of
    one digit where the setting does, and is for upper bounds), then those of the probe, of validation and of the test.
    """

    x: Tensor
    y: Tensor
    probe_x: Tensor
    probe_y: Tensor
    val_x: Tensor
    val_y: Tensor
    test_x: Tensor
    test_y: Tensor


def self_supervision_data(trial: Trial) -> SelfSupervisionData:
    o, rng, device = trial.options, trial.numpy("split"), trial.device
    if o.small:
        images, labels = datasets.digits()
        images = images / images.max()
    else:
        first, named, second, others = datasets.mnist(trial.progress)
        images, labels = np.concatenate([first, second]), np.concatenate([named, others])
    order = rng.permutation(len(labels))
    sizes = [round(o.unlabelled * o.fewer), o.probe, o.val, o.test]
    parts: list[Tensor] = []
    for rows, name in zip(np.split(order[:sum(sizes)], np.cumsum(sizes)[:-1]), ("x", "probe", "val", "test"),
                          strict=True):
        x = torch.from_numpy(np.array(images[rows], np.float32))[:, None]
        x = x if o.small else x / 255
        drawn = o.nuisance * (2 * torch.rand(len(x), 4, generator=trial.generator(f"nuisances of {name}")) - 1)
        x = torch.cat([turned(part, 0.8 * d[:, 0], 1 + 0.3 * d[:, 1], 0.3 * d[:, 2:])
                       for part, d in zip(x.split(2000), drawn.split(2000), strict=True)])
        x = F.interpolate(x, (o.side, o.side), mode="bilinear", antialias=True, align_corners=False)
        parts += [x.to(device), torch.from_numpy(np.asarray(labels)[rows].astype(np.int64)).to(device)]
    return SelfSupervisionData(*parts)
