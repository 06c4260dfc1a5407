"""Equations of the arena of sentence prediction against computations that share no code with it."""

import math

import numpy as np
import pytest
import torch

from methods.arenas.sentence_prediction import large_concept_model as lcm
from methods.arenas.sentence_prediction.stage.maps import ridge
from methods.arenas.sentence_prediction.stage.task import Reader


def test_noise_and_vector_keep_their_variance():
    t = torch.linspace(0, 1, 11)
    alpha, sigma = lcm.level(t)
    assert torch.allclose(alpha ** 2 + sigma ** 2, torch.ones(11), atol=1e-6)
    assert float(alpha[5]) == pytest.approx(math.cos(math.pi / 4), abs=1e-6)


def test_a_sentence_does_not_see_what_follows():
    reader, x = Reader(4, 16, 1), torch.randn(1, 5, 4)
    other = x.clone()
    other[0, 4] += 1
    assert torch.allclose(reader(x)[:, :4], reader(other)[:, :4], atol=1e-6)


def test_least_squares():
    x, y = np.random.default_rng(0).normal(size=(20, 3)), np.random.default_rng(1).normal(size=(20, 2))
    wanted = np.linalg.lstsq(np.vstack([x, np.sqrt(2) * np.eye(3)]), np.vstack([y, np.zeros((3, 2))]), rcond=None)[0]
    assert np.allclose(ridge(torch.tensor(x), torch.tensor(y), 2.0).numpy(), wanted)
