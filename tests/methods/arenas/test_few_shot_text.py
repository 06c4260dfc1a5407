"""Equations of the arena of few labelled sentences against computations that share no code with it."""

import numpy as np
import pytest
import torch

from methods.arenas.few_shot_text import label_phrases, nearest_mean, pattern_exploiting_adapters
from methods.arenas.few_shot_text.stage.task import Net, guessed


@pytest.fixture
def drawn():
    return torch.Generator().manual_seed(0)


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def test_phrases_and_cloze(drawn):
    x, phrases = torch.randn(4, 5, generator=drawn).numpy(), torch.randn(2, 3, 5, generator=drawn).numpy()
    wanted = np.stack([(unit(x) @ unit(each).T).mean(1) for each in phrases], 1)
    assert label_phrases.scores(torch.tensor(x), torch.tensor(phrases)).numpy() == pytest.approx(wanted, abs=1e-5)
    middle = unit(unit(phrases).mean(1))
    assert pattern_exploiting_adapters.cloze(torch.tensor(x), torch.tensor(phrases), 0.5).numpy() == pytest.approx(
        unit(x) @ middle.T / 0.5, abs=1e-4)


def test_nearest_mean(drawn):
    known, y = torch.randn(4, 3, generator=drawn), torch.tensor([0, 1, 0, 1])
    means = np.stack([known[y == c].numpy().mean(0) for c in (0, 1)])
    wanted = -np.linalg.norm(known.numpy()[:, None] - means[None], axis=2)
    assert nearest_mean.scores(known, known, y).numpy() == pytest.approx(wanted, abs=1e-4)
    assert nearest_mean.scores(known, known[:0], y[:0]).abs().sum() == 0


def test_an_adapter_begins_as_nothing(drawn):
    net, x = Net(6, 3), torch.randn(4, 6, generator=drawn)
    assert torch.equal(net.adapted(x), x)
    assert guessed(net, x).tolist() == net.head(x).argmax(1).tolist()
