"""The long-tail arena's protocol: who gets which data, what a step costs, and what the scores mean."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.long_tail.arena import LongTail, LongTailMethod
from methods.arenas.long_tail.stage._checks import answers_each_picture_alone, pays_for_its_gradients
from methods.arenas.long_tail.stage._data import add_candidates, add_noise
from methods.arenas.long_tail.stage._scores import evaluate
from methods.arenas.long_tail.stage.nets import Net
from methods.arenas.long_tail.stage.task import Task, contrast
from methods.kit.engine.execute import execute
from methods.kit.engine.registry import load_method
from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import CheckFailed
from methods.kit.method import Card


@pytest.fixture
def rehearsal():
    """A smoke-scale trial with its data and a fresh task."""
    stage = LongTail()
    trial = stage.trial(scale="smoke", seed=3)
    data = stage.data(trial)
    return stage, trial, data, Task(data, trial, 10)


def smoke(method, setting="default", seed=0, **params):
    return execute("long-tail", method, params=params, setting=setting, scale="smoke", seed=seed)


def test_training_counts_fall_exponentially_and_the_test_set_is_balanced(rehearsal):
    _, trial, data, _ = rehearsal
    counts = torch.bincount(data.y, minlength=10)[data.order].tolist()
    assert counts == [100, 60, 36, 22, 13, 8, 5, 3, 2, 2]
    assert torch.bincount(data.test_y).tolist() == [trial.options.test] * 10
    assert torch.bincount(data.val_y).tolist() == [trial.options.val] * 10


def test_no_picture_is_in_two_parts(rehearsal):
    _, _, data, _ = rehearsal
    rows = torch.cat([data.x, data.val_x, data.test_x]).flatten(1)
    assert len(rows.unique(dim=0)) == len(rows)


def test_the_seed_deals_the_classes_to_the_tail():
    stage = LongTail()
    orders = {tuple(stage.data(stage.trial(scale="smoke", seed=seed)).order.tolist()) for seed in range(5)}
    assert len(orders) == 5


def test_mild_setting_has_more_rare_pictures():
    stage = LongTail()
    sizes = {name: len(stage.data(stage.trial(scale="smoke", setting=name)).y) for name in ("default", "mild")}
    assert sizes == {"default": 251, "mild": 409}


def test_noise_replaces_the_asked_share_by_frequent_classes(rehearsal):
    _, trial, _, _ = rehearsal
    y = torch.arange(3).repeat_interleave(torch.tensor([6000, 3000, 1000]))
    noisy = add_noise(y, 0.4, 3, trial.numpy("noise"))
    wrong = noisy != y
    assert wrong.double().mean().item() == pytest.approx(0.4, abs=0.02)
    from_rare = noisy[(y == 2) & wrong]
    assert (from_rare == 0).double().mean().item() == pytest.approx(2 / 3, abs=0.06)      # 6000 : 3000
    assert torch.equal(add_noise(y, 0.0, 3, trial.numpy("noise")), y)


def test_candidate_sets_hold_the_truth_and_the_likely_confusions(rehearsal):
    _, trial, data, _ = rehearsal
    some = add_candidates(data.x, data.y, 0.7, 10, trial.numpy("sets"))
    assert some.gather(1, data.y[:, None]).all()
    assert 1.5 < some.sum(1).double().mean() < 6
    none = add_candidates(data.x, data.y, 0.0, 10, trial.numpy("sets"))
    assert torch.equal(none, F.one_hot(data.y, 10).bool())


def test_partial_labels_give_one_of_the_candidates():
    stage = LongTail()
    data = stage.data(stage.trial(scale="smoke", setting="partial-labels"))
    assert data.candidates.gather(1, data.y[:, None]).all()
    assert data.candidates.sum(1).max() > 1


def test_every_method_gets_the_same_batches_and_initial_network(rehearsal):
    stage, trial, data, _ = rehearsal
    seen = {}

    class Watcher(LongTailMethod):
        def step(self, net, task):
            batch = task.draw()
            seen.setdefault(self.name, []).append((batch.x, batch.index, net.classifier.weight.detach().clone()))
            torch.rand(self.appetite)                        # one method's own randomness must not move another's
            loss = self.loss(net(batch.x), batch.y)
            loss.backward()
            return loss

    for name, appetite in (("modest", 0), ("greedy", 1000)):
        watcher = Watcher()
        watcher.name, watcher.appetite = name, appetite
        stage.score(watcher, stage.trial(scale="smoke", seed=3), data)
    assert len(seen["modest"]) == trial.options.steps
    for ours, theirs in zip(seen["modest"], seen["greedy"], strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_looking_twice_halves_the_steps():
    once, twice = smoke("cross-entropy"), smoke("sam")
    assert once.counts["gradients"] == twice.counts["gradients"] == 40
    assert (once.counts["steps"], twice.counts["steps"]) == (40, 20)
    assert once.counts["parameters"] == twice.counts["parameters"] > 0


def test_training_only_the_classifier_still_costs_a_batch():
    assert smoke("crt").counts["steps"] == 40


class Behaves(LongTailMethod):
    """Plain training, which keeps to everything."""

    card = Card(title="Behaves")


class StepsTooFar(Behaves):
    def step(self, net, task):
        batch = task.batch(torch.arange(200))
        loss = self.loss(net(batch.x), batch.y)
        loss.backward()
        return loss


class TrainsWhenPreparing(Behaves):
    def prepare(self, net, task):
        self.loss(net(task.x), task.y).backward()


class TrainsWhenFinishing(Behaves):
    def finish(self, net, task):
        self.loss(net(task.x), task.y).backward()


class Balances(nn.Module):
    """Logits from which the mean over the pictures asked with is taken."""

    def __init__(self, classifier):
        super().__init__()
        self.classifier = classifier

    def forward(self, z):
        logits = self.classifier(z)
        return logits - logits.mean(0)


class AnswersTogether(Behaves):
    def finish(self, net, task):
        net.classifier = Balances(net.classifier)


@pytest.mark.parametrize(("check", "bad", "complaint"), [
    (pays_for_its_gradients, StepsTooFar, "passes too many"),
    (pays_for_its_gradients, TrainsWhenPreparing, "nobody pays"),
    (pays_for_its_gradients, TrainsWhenFinishing, "nobody pays"),
    (answers_each_picture_alone, AnswersTogether, "asked with"),
])
def test_checks_find_a_method_that_breaks_them(check, bad, complaint):
    rehearsal = Rehearsal(LongTail, "smoke")
    check(rehearsal, Behaves)
    with pytest.raises(CheckFailed, match=complaint):
        check(rehearsal, bad)


def test_class_weights_steer_what_is_drawn(rehearsal):
    _, _, data, task = rehearsal
    rarest = data.order[-1]
    weights = F.one_hot(rarest, 10).float()
    assert (task.draw(weights).y == rarest).all()
    drawn = torch.cat([task.draw(torch.ones(10)).y for _ in range(60)])
    assert torch.bincount(drawn, minlength=10).min() > 0.5 * len(drawn) / 10


def test_a_share_of_the_budget_is_entered_once(rehearsal):
    *_, task = rehearsal
    assert not task.enters(0.5)
    task.spent = task.budget // 2
    assert task.enters(0.5) and not task.enters(0.5)


def test_views_keep_shape_and_move_pixels(rehearsal):
    _, _, data, task = rehearsal
    picture = data.x[:8]
    for view in (task.augment(picture), task.distort(picture)):
        assert view.shape == picture.shape and not torch.equal(view, picture)
    assert not torch.equal(task.augment(picture), task.augment(picture))


def test_scores_are_recalls_by_frequency():
    order = torch.tensor([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    y = torch.arange(10).repeat_interleave(2)
    named = y.clone()
    named[y >= 6] = 9                       # head classes 9, 8, 7, 6: only 9 is still right
    named[0] = 1                            # of the rarest class one picture is wrong
    scores = evaluate(F.one_hot(named, 10) * 50.0, y, order)
    assert scores["head_accuracy"] == pytest.approx(25)
    assert scores["medium_accuracy"] == pytest.approx(100)
    assert scores["tail_accuracy"] == pytest.approx(250 / 3)
    assert scores["balanced_accuracy"] == pytest.approx(65)
    assert scores["worst_recall"] == 0
    assert scores["calibration_error"] == pytest.approx(35)      # certain everywhere, right on 13 of 20


def test_contrast_by_hand():
    z = F.normalize(torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]))
    same = torch.tensor([0, 0, 1, 1])[:, None] == torch.tensor([0, 0, 1, 1])
    expected = -torch.log(torch.tensor(2.0).exp() / (torch.tensor(2.0).exp() + 2))      # one of three at cosine 1
    assert contrast(z, same, 0.5).item() == pytest.approx(expected.item(), abs=1e-5)
    only_self = torch.eye(4, dtype=torch.bool)
    assert contrast(z, only_self, 0.5).item() == 0
    narrow = contrast(z, same, torch.full((4, 1), 0.5), rivals=same)
    assert narrow.item() == pytest.approx(0, abs=1e-5)            # nobody else to be told from


def test_gradients_that_are_not_numbers_stop_the_run(rehearsal):
    stage, _, data, _ = rehearsal

    class Broken(LongTailMethod):
        def loss(self, logits, y):
            return F.cross_entropy(logits, y) * float("nan")

    with pytest.raises(ValueError, match="the loss is nan"):
        stage.score(Broken(), stage.trial(scale="smoke"), data)


def test_sam_moves_back_after_its_climb(rehearsal):
    _, trial, _, task = rehearsal
    net = Net(8, trial.options.width, trial.options.features, 10)
    before = [p.detach().clone() for p in net.parameters()]
    for method in (load_method("long-tail", "sam")(rho=0.5), load_method("long-tail", "imb-sam")(rho=0.5, eta=1000)):
        method.prepare(net, task)
        method.step(net, task)
        assert all(torch.allclose(p, q, atol=1e-6) for p, q in zip(net.parameters(), before, strict=True))
        assert any(p.grad.abs().sum() > 0 for p in net.parameters())


def test_clusters_are_capped_and_keep_neighbours_together():
    from methods.arenas.long_tail.sbcl import capped_clusters
    turns = torch.rand(45, generator=torch.Generator().manual_seed(0)) * 0.2
    angle = torch.cat([turns[:15], turns[15:30] + 2.0, turns[30:] + 4.0])
    z = torch.stack([angle.cos(), angle.sin()], 1)
    cluster = capped_clusters(z, cap=15)
    assert torch.bincount(cluster).tolist() == [15, 15, 15]
    assert all(len(cluster[part].unique()) == 1 for part in torch.arange(45).split(15))
    assert torch.bincount(capped_clusters(z, cap=4)).max() <= 4


def test_purification_strikes_out_wrong_candidates_only_where_there_are_several():
    plain, purified = smoke("proden", "partial-labels"), smoke("pop", "partial-labels", start=0.0, warm=0.0)
    assert plain.curve != purified.curve
    assert smoke("proden").curve == smoke("pop").curve


def test_selmix_draws_only_pairs_that_help(rehearsal):
    _, trial, data, task = rehearsal
    selmix = load_method("long-tail", "selmix")(objective="worst recall")
    net = Net(8, trial.options.width, trial.options.features, 10)
    selmix.prepare(net, task)
    worth = selmix.worth(net, task)
    assert worth.shape == (10, 10) and worth.sum().item() == pytest.approx(1)
    assert worth.min() < 1e-6 < worth.max()
    wanted = torch.tensor([3, 3, 7])
    assert selmix.member(wanted, task).y.tolist() == [3, 3, 7]
