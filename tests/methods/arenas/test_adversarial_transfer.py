"""The arena of attacks on fine-tuned encoders: what an attack may do and pays, and its parts against other
computations."""

import numpy as np
import pytest
import torch

from methods.arenas.adversarial_transfer.arena import AdversarialTransfer, AttackMethod
from methods.arenas.adversarial_transfer.fda import disrupted
from methods.arenas.adversarial_transfer.stage.generator import high_frequencies
from methods.arenas.adversarial_transfer.stage.task import Task
from methods.kit.engine.registry import load_method
from methods.kit.method import Card


@pytest.fixture(scope="module")
def trial():
    return AdversarialTransfer().trial(scale="smoke")


@pytest.fixture(scope="module")
def data(trial):
    return AdversarialTransfer().data(trial)


def test_pictures_to_attack_are_of_kinds_the_encoder_never_saw(data, trial):
    shown, asked = (part.flatten(1) for part in (data.surrogate, data.x))
    assert not (shown[:, None] == asked[None]).all(-1).any()
    assert data.y.unique().tolist() == [0, 1, 2, 3, 4] and len(data.x) == trial.options.tests
    assert not any(p.requires_grad for net in (data.source, *data.victims.values()) for p in net.parameters())


def test_a_probe_leaves_the_encoder_as_it_was_and_fine_tuning_does_not(data):
    def distance(name):
        pairs = zip(data.victims[name].encoder.parameters(), data.source.encoder.parameters(), strict=True)
        return sum((a - b).abs().sum().item() for a, b in pairs)
    assert distance("probe") == 0 < distance("short") and distance("long") > 0


def test_gradients_are_counted_and_may_not_be_more_than_allowed(data, trial):
    class Greedy(AttackMethod):
        card = Card(title="Greedy")

        def objective(self, moved, clean, task):
            task.look(moved)
            return task.look(moved).features.sum(1)

    stage = AdversarialTransfer()
    with pytest.raises(ValueError, match="pictures with gradients"):
        stage.run(Greedy(), data, trial)
    task = Task(data, trial)
    task.look(data.x)
    assert task.passes == 0
    load_method("adversarial-transfer", "last-layer-pgd")().perturb(data.x, task)
    assert task.passes == trial.options.steps * len(data.x)


def test_a_climb_raises_its_objective_inside_the_ball(data, trial):
    task = Task(data, trial)
    pull = torch.randn(data.x.shape, generator=torch.Generator().manual_seed(0))
    moved = task.climb(data.x, lambda x: (x * pull).flatten(1).sum(1))
    assert (moved - data.x).abs().max() <= trial.options.radius + 1e-6 and moved.min() >= 0 and moved.max() <= 1
    inside = (data.x > trial.options.radius) & (data.x < 1 - trial.options.radius)
    steps = 2.5 * trial.options.radius                                  # together longer than the ball is wide
    assert steps > 2 * trial.options.radius
    assert torch.allclose((moved - data.x)[inside], trial.options.radius * pull.sign()[inside], atol=1e-6)


def test_high_frequencies_are_those_of_a_plain_fourier_transform():
    x = np.random.default_rng(0).normal(size=(8, 8))
    spectrum = np.fft.fft2(x)
    for i in range(8):
        for j in range(8):
            if np.hypot(min(i, 8 - i), min(j, 8 - j)) < 2:
                spectrum[i, j] = 0
    found = high_frequencies(torch.from_numpy(x)[None, None], 2)[0, 0]
    assert np.allclose(found.numpy(), np.fft.ifft2(spectrum).real)


def test_fda_is_the_log_ratio_of_two_norms():
    rng = np.random.default_rng(1)
    now, before = rng.normal(size=(2, 3, 5)), rng.normal(size=(2, 3, 5))
    wanted = []
    for a, b in zip(now, before, strict=True):
        weak = [v for row, old in zip(a, b, strict=True) for v, o in zip(row, old, strict=True) if o < old.mean()]
        strong = [v for row, old in zip(a, b, strict=True) for v, o in zip(row, old, strict=True) if o >= old.mean()]
        wanted.append(np.log(np.linalg.norm(weak)) - np.log(np.linalg.norm(strong)))
    assert np.allclose(disrupted(torch.from_numpy(now), torch.from_numpy(before)).numpy(), wanted)
