"""The arena of clouds: groups and distances by loops."""

import numpy as np
import pytest
import torch

from methods.arenas.point_pretraining.stage.clouds import Encoder, chamfer, grouped


def test_groups_are_the_nearest_points_of_centres_far_apart():
    points = torch.tensor(np.random.default_rng(0).normal(size=(2, 12, 2)), dtype=torch.float)
    clouds = grouped(points, 4, 3)
    for cloud, near, centre in zip(points.numpy(), clouds.near.numpy(), clouds.centre.numpy(), strict=True):
        chosen = [0]
        while len(chosen) < 4:
            chosen.append(int(np.argmax([min(((p - cloud[c]) ** 2).sum() for c in chosen) for p in cloud])))
        assert centre == pytest.approx(cloud[chosen])
        for c, group in zip(chosen, near, strict=True):
            nearest = sorted(cloud, key=lambda p, c=c: ((p - cloud[c]) ** 2).sum())[:3]
            found = sorted(map(tuple, group + cloud[c]))
            assert np.array(found) == pytest.approx(np.array(sorted(map(tuple, nearest))), abs=1e-5)


def test_chamfer_by_loops():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(5, 2)), rng.normal(size=(7, 2))
    hand = np.mean([min(((p - q) ** 2).sum() for q in b) for p in a]) + np.mean(
        [min(((p - q) ** 2).sum() for p in a) for q in b])
    assert chamfer(torch.tensor(a), torch.tensor(b)).item() == pytest.approx(hand)


def test_a_group_is_a_set():
    torch.manual_seed(0)
    encoder, near = Encoder(12, 1).eval(), torch.randn(2, 3, 4, 2)
    assert torch.allclose(encoder.embed(near), encoder.embed(near.flip(2)), atol=1e-6)
