"""Handwritten digits as clouds of points, in groups of neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.arenas.point_pretraining.stage.clouds import Clouds, grouped
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial

TURN = 0.35         # at most, in radians


@dataclass(frozen=True)
class PointData:
    """Points (N, P, 2) of unlabelled clouds, whose digits `y` are for upper bounds; then those of the probe, of
    validation and of the test, as groups."""

    x: Tensor
    y: Tensor
    probe: Clouds
    probe_y: Tensor
    val: Clouds
    val_y: Tensor
    test: Clouds
    test_y: Tensor


def point_data(trial: Trial) -> PointData:
    o, rng = trial.options, trial.numpy("split")
    if o.small:
        images, labels = datasets.digits()
    else:
        first, one, second, two = datasets.mnist(trial.progress)
        images, labels = np.concatenate([first, second]), np.concatenate([one, two])
    rows = rng.permutation(len(labels))[:o.unlabelled + o.probe + o.val + o.test]
    ink = torch.from_numpy(np.array(images[rows], np.float32))
    points = sampled(ink, o.points, trial.generator("points"))
    y = torch.from_numpy(np.asarray(labels)[rows].astype(np.int64))
    sizes, put = [o.unlabelled, o.probe, o.val, o.test], trial.device
    (x, own), *rest = zip(points.to(put).split(sizes), y.to(put).split(sizes), strict=True)
    return PointData(x, own, *(part for cloud, named in rest for part in (grouped(cloud, o.groups, o.size), named)))


def sampled(ink: Tensor, many: int, generator: torch.Generator) -> Tensor:
    """Places (N, many, 2) drawn by how dark dots are (N, H, W), anywhere within a dot, centred, turned and put into the
    unit circle."""
    n, _, wide = ink.shape
    flat = torch.multinomial(ink.flatten(1).double() + 1e-9, many, replacement=True, generator=generator)
    places = torch.stack([flat // wide, flat % wide], 2) + torch.rand(n, many, 2, generator=generator)
    places = places - places.mean(1, keepdim=True)
    angle = (2 * torch.rand(n, 1, generator=generator) - 1) * TURN
    y, x = places.unbind(2)
    places = torch.stack([angle.cos() * y - angle.sin() * x, angle.sin() * y + angle.cos() * x], 2)
    return places / places.norm(dim=2).amax(1)[:, None, None].clamp(min=1e-6)
