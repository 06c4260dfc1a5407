"""The domain-adaptation arena's protocol: who may see what, what is counted, and what the scores mean."""

import pytest
import torch

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptation, DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage._checks import pays_for_its_gradients, sees_only_what_is_shown
from methods.arenas.domain_adaptation.stage._data import altered
from methods.arenas.domain_adaptation.stage._source import source_weights
from methods.arenas.domain_adaptation.stage._task import Meter, Task, chosen_rows
from methods.arenas.domain_adaptation.stage.nets import (
    DomainNet,
    affine,
    batch_statistics,
    cluster,
    entropy,
    frozen_copy,
    nearest_mean_labels,
    norms,
    predict,
    reestimate,
    reverse_gradient,
)
from methods.kit.engine.execute import execute
from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import CheckFailed
from methods.kit.method import Card


def made(setting="default", seed=3):
    stage = DomainAdaptation()
    trial = stage.trial(scale="smoke", setting=setting, seed=seed)
    return stage, trial, stage.data(trial)


def smoke(method, setting="default", seed=0, **params):
    return execute("domain-adaptation", method, params=params, setting=setting, scale="smoke", seed=seed)


class Answering(DomainAdaptationMethod):
    """Answers one class, whatever it sees; `last` remembers the task."""

    card = Card(title="Answering")
    answer, wide = 0, 0

    def begin(self, net, task):
        self.last = task
        self.seen = [len(task.unlabelled)]

    def loss(self, net, task):
        self.seen.append(len(task.unlabelled))
        return None

    def scores(self, net, x):
        scores = torch.zeros(len(x), self.last.classes + self.wide)
        scores[:, self.answer] = 1.0
        return scores


@pytest.mark.parametrize("setting", ["default", "emoji", "universal", "continual"])
def test_no_picture_is_on_two_sides(setting):
    _, _, data = made(setting)
    targets = torch.cat([part for domain in data.domains for part in (domain.x, domain.test_x)])
    for both in (torch.cat([data.x, data.test_x]).flatten(1), targets.flatten(1)):
        assert len(both.unique(dim=0)) == len(both)
    if len(data.domains) > 1:                                    # nor the same picture in other conditions
        clean = torch.cat([domain.reference for domain in data.domains]).flatten(1)
        assert len(clean.unique(dim=0)) == len(clean)


def test_the_split_follows_the_seed():
    assert not torch.equal(made(seed=0)[2].x, made(seed=1)[2].x)
    assert torch.equal(made(seed=1)[2].x, made(seed=1)[2].x)


def test_source_pictures_are_refused_where_they_are_gone():
    _, trial, data = made("source-free")
    with pytest.raises(ValueError, match="no source pictures"):
        Task(data, data.domains[0], 0, trial).source()


def test_a_task_shows_no_target_label_but_those_bought():
    _, trial, data = made("active")
    task = Task(data, data.domains[0], 0, trial)
    assert len(task.bought_y) == 0
    task.buy(torch.tensor([4, 1]))
    task.buy(torch.tensor([1, 7]))
    assert task.bought.tolist() == [4, 1, 7]
    assert torch.equal(task.bought_y, data.domains[0].y[[4, 1, 7]])
    assert trial.counts["labels"] == 3
    public = {name: value for name, value in vars(task).items() if not name.startswith("_")}
    hidden = data.domains[0].y
    assert not any(isinstance(v, torch.Tensor) and v.shape == hidden.shape for v in public.values())


def test_active_setting_sells_thirty_labels():
    assert smoke("entropy-sampling", "active").counts["labels"] == 30
    assert smoke("source-only", "few-shot").counts["labels"] == 30
    assert "labels" not in smoke("shot", "default").counts


@pytest.mark.parametrize("rows", [[0, 0], [-1, 2], [10_000], [0, 1, 2, 3]])
def test_a_bad_choice_of_rows_is_refused(rows):
    _, trial, data = made("active")
    with pytest.raises(ValueError, match="distinct rows"):
        chosen_rows(torch.tensor(rows), 3, Task(data, data.domains[0], 0, trial))


def test_one_shot_shows_a_single_picture():
    assert len(made("one-shot")[2].domains[0].x) == 1
    assert len(made("one-shot")[2].domains[0].test_x) == len(made()[2].domains[0].test_x)


@pytest.mark.parametrize("setting, size", [("test-time", 50), ("small-batch", 8)])
def test_a_stream_shows_one_batch_at_a_time(setting, size):
    stage, trial, data = made(setting)
    method = Answering()
    stage.score(method, trial, data)
    assert max(method.seen) == size
    assert sum(method.seen[1:]) == len(data.domains[0].test_x)


def test_private_classes_on_both_sides():
    _, _, data = made("universal")
    assert data.classes == 7
    assert sorted(data.y.unique().tolist()) == list(range(7))
    assert sorted(data.domains[0].y.unique().tolist()) == [0, 1, 2, 3, 4, 7]        # 5 and 6 are the source's own


def test_h_score_by_hand():
    stage, trial, data = made("universal")
    method = Answering()
    method.wide, method.answer = 1, data.classes                                     # refuse everything
    scores = stage.score(method, trial, data)
    unknown = (data.domains[0].test_y == data.classes).float().mean().item()
    assert scores["h_score"] == 0
    assert scores["target_accuracy"] == pytest.approx(100 * unknown)


def test_without_private_classes_h_score_is_accuracy():
    scores = smoke("source-only").scores
    assert scores["h_score"] == scores["target_accuracy"] == scores["kept_accuracy"] == scores["future_accuracy"]


def test_continual_setting_has_three_domains():
    _, _, data = made("continual")
    assert len(data.domains) == 3
    scores = smoke("shot", "continual").scores
    assert len({scores["target_accuracy"], scores["kept_accuracy"], scores["future_accuracy"]}) > 1


def test_pairs_are_the_same_pictures_without_noise():
    _, _, data = made("paired")
    domain = data.domains[0]
    noise = domain.x - domain.reference
    assert 0.12 < noise.std() < 0.18 and abs(noise.mean()) < 0.02


def test_fade_by_hand():
    assert altered(torch.tensor([0.0, 1.0]), "fade", None).tolist() == pytest.approx([0.1, 0.9])


@pytest.mark.parametrize("method, cost", [("source-only", 1), ("ossa", 1), ("dann", 2), ("mem-spm", 2)])
def test_a_step_costs_what_it_passes_with_gradients(method, cost):
    ours, theirs = smoke(method), smoke("source-only")
    assert ours.counts["parameters"] == theirs.counts["parameters"]
    assert ours.curve[-1]["step"] == theirs.curve[-1]["step"] == 18
    assert ours.counts["gradients"] == 18 and ours.counts["steps"] == 18 / cost


def test_what_passes_before_the_first_step_is_paid_for():
    assert smoke("poda", mining=0).counts["steps"] == 18
    assert smoke("poda", mining=3).counts["steps"] == 18 - 3


class Passing(DomainAdaptationMethod):
    """Passes every batch `times` times with gradients."""

    card = Card(title="Passing")
    times = 3

    def begin(self, net, task):
        self.steps_at = []
        self.last = task

    def loss(self, net, task):
        self.steps_at.append(task.progress)
        return torch.stack([net(task.target()[1]).square().mean() for _ in range(self.times)]).sum()


def test_in_a_stream_each_picture_pays_for_one_pass():
    stage, trial, data = made("small-batch")                     # 60 pictures in 8 batches
    method = Passing()
    stage.score(method, trial, data)
    assert method.last.step == 3                                 # at batches 1, 4 and 7
    assert trial.counts["gradients"] * trial.options.batch == 3 * 3 * 8


def test_meter_counts_copies_and_passes_from_an_early_map():
    net = DomainNet(1, 8, 4, 3)
    meter = Meter(net)
    net(torch.zeros(2, 1, 8, 8))
    net.late(net.early(torch.zeros(3, 1, 8, 8)).detach())
    with torch.no_grad():
        frozen_copy(net)(torch.zeros(5, 1, 8, 8))
    assert meter.total == (5, 5) and meter.since() == 5 and meter.since() == 0


def test_due_once_in_each_part_of_the_budget():
    _, trial, data = made()
    task, due = Task(data, data.domains[0], 0, trial), []
    for spent in range(0, task.budget, task.budget // 6):
        task.spent = spent
        due.append(task.due(3))
    assert due == [True, False] * 3


def test_the_start_depends_on_seed_and_labels_alone():
    stage, trial, data = made()
    again = source_weights(made("test-time")[2], trial.options, trial.seed)
    assert all(torch.equal(value, again[name]) for name, value in data.start.items())
    assert stage.shuffle_labels(data, torch.Generator().manual_seed(0)).start is None


def test_shuffled_labels_leave_the_pictures():
    stage, _, data = made()
    shuffled = stage.shuffle_labels(data, torch.Generator().manual_seed(0))
    assert torch.equal(shuffled.x, data.x) and not torch.equal(shuffled.y, data.y)
    assert torch.equal(shuffled.y.bincount(), data.y.bincount())
    assert torch.equal(shuffled.domains[0].test_y, data.domains[0].test_y)


def test_batch_statistics_leave_the_stored_ones():
    net = DomainNet(1, 8, 4, 3).eval()
    before = {name: value.clone() for name, value in net.state_dict().items() if "running" in name}
    x = torch.randn(6, 1, 8, 8)
    with torch.no_grad(), batch_statistics(net):
        inside = net(x)
    assert not net.training and not torch.allclose(inside, net(x))
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in before.items())


def test_reestimated_statistics_normalise_the_target():
    net = DomainNet(1, 8, 4, 3)
    x = 3 + 2 * torch.randn(64, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    reestimate(net, x)
    out = net.eval().stem[1](net.stem[0](x))
    assert torch.allclose(out.mean((0, 2, 3)), torch.zeros(4), atol=1e-3)
    assert torch.allclose(out.std((0, 2, 3)), torch.ones(4), atol=1e-2)
    assert all(norm.momentum == 0.1 for norm in norms(net))


def test_affine_holds_scales_and_shifts_alone():
    net = DomainNet(1, 8, 4, 3)
    assert sum(p.numel() for p in affine(net)) == 2 * (4 + 8 + 16)


def test_gradient_is_turned_round():
    z = torch.ones(2, requires_grad=True)
    reverse_gradient(z, 0.5).sum().backward()
    assert z.grad.tolist() == [-0.5, -0.5]


def test_clusters_and_centroid_labels_find_two_heaps():
    generator = torch.Generator().manual_seed(0)
    z = torch.cat([torch.randn(20, 2, generator=generator) * 0.1 + m for m in (torch.tensor([4.0, 0.0]),
                                                                              torch.tensor([0.0, 4.0]))])
    _, member = cluster(z, 2, generator)
    assert len(member[:20].unique()) == len(member[20:].unique()) == 1 and member[0] != member[-1]
    p = torch.full((40, 2), 0.5)
    p[:20, 0], p[:20, 1], p[20:, 0], p[20:, 1] = 0.6, 0.4, 0.4, 0.6
    p[0] = torch.tensor([0.1, 0.9])                                                  # one wrong answer
    assert nearest_mean_labels(z, p).tolist() == [0] * 20 + [1] * 20


def test_predict_restores_the_mode():
    net = DomainNet(1, 8, 4, 3).train()
    z, logits = predict(net, torch.zeros(5, 1, 8, 8), size=2)
    assert z.shape == (5, 16) and logits.shape == (5, 3) and net.training and not z.requires_grad


class Behaves(DomainAdaptationMethod):
    """Source training goes on, or entropy falls where the source is gone; keeps to everything."""

    card = Card(title="Behaves")

    def loss(self, net, task):
        return super().loss(net, task) if not task.source_free else entropy(net(task.target()[1]).softmax(1)).mean()


class StepsTooFar(Behaves):
    def loss(self, net, task):
        return torch.stack([super(StepsTooFar, self).loss(net, task) for _ in range(40)]).mean()


class TrainsAtTheEnd(Behaves):
    def end(self, net, task):
        with torch.enable_grad():
            for _ in range(5):
                self.loss(net, task).backward()


class LearnsHiddenLabels(Behaves):
    def loss(self, net, task):
        return torch.nn.functional.cross_entropy(net(task.unlabelled), task._domain.y)


class AnswersFromTheTest(Behaves):
    def begin(self, net, task):
        self.truth = task._domain

    def scores(self, net, x):
        return torch.nn.functional.one_hot(self.truth.test_y[torch.arange(len(x)) % 60], 10).float()


class KeepsTheSource(Behaves):
    def loss(self, net, task):
        return net(task._data.x[:16]).square().mean()


class KeepsTheSourceElsewhere(KeepsTheSource):
    card = Card(title="KeepsTheSourceElsewhere", waivers=SOURCE_GONE)


@pytest.mark.parametrize(("check", "bad", "complaint"), [
    (pays_for_its_gradients, StepsTooFar, "passes too many"),
    (pays_for_its_gradients, TrainsAtTheEnd, "trains"),
    (sees_only_what_is_shown, LearnsHiddenLabels, "other labels"),
    (sees_only_what_is_shown, AnswersFromTheTest, "other labels"),
    (sees_only_what_is_shown, KeepsTheSource, "the source is gone"),
])
def test_checks_find_a_method_that_breaks_them(check, bad, complaint):
    rehearsal = Rehearsal(DomainAdaptation, "smoke")
    check(rehearsal, Behaves)
    with pytest.raises(CheckFailed, match=complaint):
        check(rehearsal, bad)


def test_a_method_that_needs_the_source_is_checked_where_it_is_there():
    sees_only_what_is_shown(Rehearsal(DomainAdaptation, "smoke"), KeepsTheSourceElsewhere)
    assert "setting:source-free" in SOURCE_GONE and "setting:one-shot" not in SOURCE_GONE
