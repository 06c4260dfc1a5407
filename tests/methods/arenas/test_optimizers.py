"""The update rules against torch.optim and against each other; the arena's bookkeeping and its checks."""

import math

import pytest
import torch
from torch import nn

from methods.arenas.optimizers.arena import Optimizer, Optimizers
from methods.arenas.optimizers.stage._checks import (
    forgets_the_last_run,
    measuring_changes_nothing,
    spends_the_budget,
)
from methods.arenas.optimizers.stage._landscape import Landscape
from methods.kit.engine.registry import load_method
from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import CheckFailed
from methods.kit.method import Card

STEPS = 40


def load(slug, **values):
    return load_method("optimizers", slug)(**values)


START = torch.linspace(-1.0, 2.0, 8)


def noisy_gradient(step):
    """The gradient of a least-squares problem on a minibatch that depends on the step."""
    generator = torch.Generator().manual_seed(step)
    a, b = torch.randn(6, 8, generator=generator), torch.randn(6, generator=generator)
    return lambda w: 2 * a.T @ (a @ w - b) / 6


def course(rule, lr, gradient_at=noisy_gradient, start=START, steps=STEPS):
    """(steps, P) weights of one of our rules."""
    w, seen = start.clone(), []
    rule.start(w.clone())
    for step in range(steps):
        w = rule.step(w, gradient_at(step), lr)
        seen.append(w.clone())
    return torch.stack(seen)


def torch_course(optimizer, lr, **options):
    w, seen = nn.Parameter(START.clone()), []
    optimizer = optimizer([w], lr=lr, **options)
    for step in range(STEPS):
        w.grad = noisy_gradient(step)(w.detach())
        optimizer.step()
        seen.append(w.detach().clone())
    return torch.stack(seen)


@pytest.mark.parametrize(("slug", "values", "theirs", "lr", "options"), [
    ("sgd", {}, torch.optim.SGD, 0.05, {}),
    ("momentum", {"mu": 0.8}, torch.optim.SGD, 0.02, {"momentum": 0.8}),
    ("nesterov", {"mu": 0.8}, torch.optim.SGD, 0.02, {"momentum": 0.8, "nesterov": True}),
    ("adagrad", {}, torch.optim.Adagrad, 0.1, {"eps": 1e-10}),
    ("rmsprop", {"rho": 0.95}, torch.optim.RMSprop, 0.01, {"alpha": 0.95}),
    ("adam", {"beta2": 0.99}, torch.optim.Adam, 0.05, {"betas": (0.9, 0.99)}),
    ("adamax", {}, torch.optim.Adamax, 0.05, {}),
    ("adamw", {"decay": 0.3}, torch.optim.AdamW, 0.05, {"weight_decay": 0.3}),
    ("radam", {}, torch.optim.RAdam, 0.05, {}),
    ("radam", {"beta2": 0.9}, torch.optim.RAdam, 0.05, {"betas": (0.9, 0.9)}),
])
def test_rule_follows_torch(slug, values, theirs, lr, options):
    ours = course(load(slug, **values), lr)
    torch.testing.assert_close(ours, torch_course(theirs, lr, **options), rtol=1e-4, atol=1e-5)


def test_nadam_follows_algorithm_2():
    def numbers(gradients, lr=0.05, nu=0.999, eps=1e-8):
        """Of one weight: mean and bias of both averages written out as sums over all gradients so far."""
        mu = [0.9 * (1 - 0.5 * 0.96 ** (t * 0.004)) for t in range(1, len(gradients) + 2)]
        w = float(START[0])
        for t in range(1, len(gradients) + 1):
            m = sum((1 - mu[i]) * math.prod(mu[i + 1:t]) * gradients[i] for i in range(t))
            n = sum((1 - nu) * nu ** (t - 1 - i) * gradients[i] ** 2 for i in range(t))
            now = (1 - mu[t - 1]) * gradients[t - 1] / (1 - math.prod(mu[:t]))
            ahead = mu[t] * m / (1 - math.prod(mu[:t + 1]))
            w -= lr * (ahead + now) / (math.sqrt(nu * n / (1 - nu ** t)) + eps)
            yield w

    gradients = [1.0, -0.5, 2.0, 0.3, 0.3, -1.0]
    ours = course(load("nadam"), 0.05, lambda step: lambda w: torch.full_like(w, gradients[step]), steps=6)
    assert ours[:, 0].tolist() == pytest.approx(list(numbers(gradients)), rel=1e-5)


def test_innaprop_with_equal_frictions_is_adam_without_momentum():
    ours = course(load("innaprop", alpha=1.0, beta=1.0, decay=0.0), lr=0.05)
    torch.testing.assert_close(ours, course(load("adam", beta1=0.0), lr=0.05), rtol=1e-4, atol=1e-5)


def test_innaprop_holds_a_learning_rate_that_its_equations_do_not_allow():
    assert course(load("innaprop", beta=0.1), lr=0.1, steps=3).isfinite().all()


def test_sam_without_a_distance_is_momentum_and_pays_twice():
    paid = []

    def counted(step):
        def gradient(w):
            paid.append(step)
            return noisy_gradient(step)(w)
        return gradient

    torch.testing.assert_close(course(load("sam", rho=0.0), 0.01, counted), course(load("momentum"), 0.01))
    assert len(paid) == 2 * STEPS


def test_sam_takes_its_second_gradient_uphill_at_the_given_distance():
    places = []

    def gradient(w):
        places.append(w.clone())
        return noisy_gradient(0)(w)

    rule = load("sam", rho=0.3)
    rule.start(START)
    rule.step(START, gradient, 0.1)
    away = places[1] - places[0]
    assert away.norm() == pytest.approx(0.3, rel=1e-5)
    assert torch.cosine_similarity(away, noisy_gradient(0)(START), dim=0) == pytest.approx(1.0, abs=1e-5)


def test_lookahead_tests_the_slow_weights():
    rule = load("lookahead", k=4, alpha=0.25, mu=0.0)
    seen = course(rule, 0.01, steps=4)
    fast = course(load("sgd"), 0.01, steps=4)
    torch.testing.assert_close(seen[2], fast[2])
    torch.testing.assert_close(seen[3], START + 0.25 * (fast[3] - START))
    torch.testing.assert_close(rule.answer(seen[3]), seen[3])


def test_lion_steps_are_all_of_one_size():
    seen = course(load("lion", decay=0.0), 0.01)
    steps = (seen[1:] - seen[:-1]).abs()
    torch.testing.assert_close(steps, torch.full_like(steps, 0.01), rtol=1e-3, atol=1e-6)


def test_schedule_free_answers_with_the_mean_of_its_adam_sequence():
    rule, w, z = load("schedule-free", beta1=0.7), START.clone(), []
    rule.start(w)
    for step in range(STEPS):
        w = rule.step(w, noisy_gradient(step), 0.05)
        z.append(rule.z)
    torch.testing.assert_close(rule.answer(w), torch.stack(z).mean(0), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(w, 0.3 * rule.z + 0.7 * rule.x)


def test_critical_momenta_keep_the_steepest_and_let_them_fade():
    rule = load("critical-momenta", capacity=2, fade=0.5)
    rule.start(START)
    for name, norm in enumerate([8.0, 1.0, 0.1, 3.0]):
        rule.remember(torch.tensor([float(name)]), norm)
    # 8 has faded to 1 and 1 to 0.25 when 0.1 is refused; then 3 takes the place of 1
    assert [int(m) for m in rule.momenta] == [0, 3]
    assert rule.priorities == [0.5, 1.5]


@pytest.mark.parametrize(("slug", "highest"), [("d-adaptation", 30.0), ("prodigy", 3.001)])
def test_distance_estimate_grows_to_the_order_of_the_true_one(slug, highest):
    goal, rule = torch.full((8,), 3.0), load(slug)
    seen = course(rule, 1.0, lambda step: lambda w: torch.sign(w - goal), torch.zeros(8), steps=300)
    assert seen[0].abs().max() < 1e-3
    assert 0.3 < rule.d < highest


def test_dog_reaches_the_solution_from_a_tiny_first_step():
    goal, rule = torch.full((8,), 3.0), load("dog")
    seen = course(rule, 1.0, lambda step: lambda w: (w - goal) / (w - goal).norm().clamp_min(1e-9), torch.zeros(8),
                  steps=600)
    assert (seen[0]).norm() < 1e-5
    assert (rule.answer(seen[-1]) - goal).norm() < 0.1 * goal.norm()


class Still(Optimizer):
    """Pays for gradients, stays where it is and remembers what it saw."""

    def start(self, w):
        self.seen = []

    def step(self, w, gradient, lr):
        self.seen.append(gradient(w))
        return w


class Explodes(Optimizer):
    def step(self, w, gradient, lr):
        return w + 1e30 * gradient(w)


def smoke(method, setting="default", seed=0, change=None):
    stage = Optimizers()
    trial = stage.trial(setting=setting, scale="smoke", seed=seed)
    data = stage.data(trial)
    scores = stage.score(method, trial, {**data, **change(data)} if change else data)
    return scores, trial


@pytest.mark.parametrize(("slug", "gradients"), [("sgd", 32), ("sam", 32), ("prodigy", 16)])
def test_gradients_of_every_learning_rate_are_counted(slug, gradients):
    _, trial = smoke(load(slug))
    assert trial.counts["gradients"] == gradients
    assert trial.curve[-1]["step"] == 16


def test_every_rule_sees_the_same_minibatches_again_at_every_learning_rate():
    first, again = Still(), Still(lr=1.0)
    smoke(first), smoke(again)
    torch.testing.assert_close(torch.stack(first.seen), torch.stack(again.seen), rtol=0, atol=0)
    other = Still()
    smoke(other, seed=1)
    assert not torch.equal(torch.stack(first.seen), torch.stack(other.seen))


def test_hidden_labels_change_the_test_accuracy_alone():
    scores, trial = smoke(load("momentum", lr=0.1))
    changed, again = smoke(load("momentum", lr=0.1), change=lambda data: {"y_test": (data["y_test"] + 1) % 10})
    assert trial.curve == again.curve
    assert changed.pop("test_accuracy") != scores.pop("test_accuracy")
    assert changed == scores


class Trains(Optimizer):
    """Descends in one of the arena's runs, counted from 1, and climbs in all others."""

    def __init__(self, good):
        super().__init__()
        self.good, self.runs = good, 0

    def start(self, w):
        self.runs += 1

    def step(self, w, gradient, lr):
        return w - (0.05 if self.runs == self.good else -0.05) * gradient(w)


@pytest.mark.parametrize(("good", "rate"), [(1, 0.1), (2, 1.0)])
def test_validation_loss_picks_the_learning_rate(good, rate):
    scores, trial = smoke(Trains(good))
    assert max(point["learning_rate"] for point in trial.curve) == pytest.approx(rate, rel=0.05)
    assert trial.curve[-1]["loss"] < trial.curve[0]["loss"]


def test_divergence_is_scored_as_the_untrained_network():
    scores, trial = smoke(Explodes())
    untrained, _ = smoke(Still())
    assert scores["train_loss"] == untrained["train_loss"]
    assert scores["test_accuracy"] == untrained["test_accuracy"]
    assert scores["mean_loss"] == pytest.approx(untrained["mean_loss"])


def test_label_noise_touches_the_known_labels_alone():
    stage, sizes = Optimizers(), Optimizers.scales["full"].options["noisy"]
    clean, noisy = (stage.data(stage.trial(setting=name)) for name in ("default", "noisy-labels"))
    kept = torch.cat([clean[f"y_{name}"] for name in ("train", "valid", "test")])
    given = torch.cat([noisy[f"y_{name}"] for name in ("train", "valid", "test")])
    known, wrong = sizes["train"] + sizes["valid"], (kept != given).float()
    assert wrong[known:].sum() == 0
    assert wrong[:known].mean() == pytest.approx(0.4 * 0.9, abs=0.06)      # a tenth of the draws hits the right class


def test_next_characters_are_the_text_moved_by_one():
    data = Optimizers().data(Optimizers().trial(setting="language", scale="smoke"))
    assert torch.equal(data["x_train"][:, 1:], data["y_train"][:, :-1])
    assert data["x_train"].max() < 96


def test_sharpness_is_the_largest_eigenvalue_of_the_hessian():
    torch.manual_seed(0)
    net, x, y = nn.Linear(3, 4), torch.randn(40, 3), torch.randint(4, (40,))
    landscape = Landscape(net)
    hessian = torch.autograd.functional.hessian(lambda w: landscape.loss(w, x, y), landscape.start)
    sharpness = landscape.sharpness(landscape.start, x, y, 200, torch.Generator().manual_seed(0))
    assert sharpness == pytest.approx(float(torch.linalg.eigvalsh(hessian)[-1]), rel=1e-2)


def test_landscape_is_the_network():
    torch.manual_seed(0)
    net, x = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2)), torch.randn(7, 3)
    landscape = Landscape(net)
    torch.testing.assert_close(landscape.logits(landscape.start, x), net(x))
    assert not torch.equal(landscape.logits(landscape.start + 0.1, x), net(x))


class Behaves(Optimizer):
    """Plain descent, which keeps to everything."""

    card = Card(title="Behaves")

    def start(self, w):
        self.steps = 0

    def step(self, w, gradient, lr):
        self.steps += 1
        return w - lr * gradient(w)


class StepsForFree(Behaves):
    def step(self, w, gradient, lr):
        return super().step(w, gradient, lr) if self.steps % 2 else self.rest(w)

    def rest(self, w):
        self.steps += 1
        return w


class Overspends(Behaves):
    def step(self, w, gradient, lr):
        return w - lr * sum(gradient(w) for _ in range(50)) / 50


class Remembers(Behaves):
    velocity = 0.0

    def step(self, w, gradient, lr):
        self.velocity = 0.9 * self.velocity + gradient(w)
        return w - lr * self.velocity


class ChangesWhenMeasured(Remembers):
    def start(self, w):
        self.velocity = 0.0

    def answer(self, w):
        self.velocity = 0.0
        return w


@pytest.mark.parametrize(("check", "bad", "complaint"), [
    (spends_the_budget, StepsForFree, "must call gradient"),
    (spends_the_budget, Overspends, "costs too many"),
    (forgets_the_last_run, Remembers, "other steps than in the run before"),
    (measuring_changes_nothing, ChangesWhenMeasured, "answer"),
])
def test_checks_find_a_rule_that_breaks_them(check, bad, complaint):
    rehearsal = Rehearsal(Optimizers, "smoke")
    check(rehearsal, Behaves)
    with pytest.raises(CheckFailed, match=complaint):
        check(rehearsal, bad)
