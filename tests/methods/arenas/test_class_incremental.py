"""The class-incremental arena's protocol: what arrives when, what a step costs, and what the scores mean."""

import math

import numpy as np
import pytest
import torch

from methods.arenas.class_incremental.arena import ClassIncremental, ClassIncrementalMethod
from methods.arenas.class_incremental.stage._checks import (
    answers_each_picture_alone,
    keeps_pictures_in_memory_alone,
    pays_for_its_gradients,
)
from methods.arenas.class_incremental.stage._pretraining import CAPTIONS, pictures, pretrain, roles, sizes_of
from methods.arenas.class_incremental.stage._stream import Stream
from methods.arenas.class_incremental.stage.nets import (
    Gaussians,
    Memory,
    Net,
    align,
    class_means,
    frozen_copy,
    herding,
    numbers_held,
    only,
    spelled,
    swapped,
)
from methods.kit.engine.execute import execute
from methods.kit.engine.registry import load_method
from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import CheckFailed
from methods.kit.method import Card


def staged(setting="default", seed=3):
    stage = ClassIncremental()
    trial = stage.trial(scale="smoke", setting=setting, seed=seed)
    return stage, trial, stage.data(trial)


def sessions_of(setting, seed=3):
    _, trial, data = staged(setting, seed)
    net = Net(8, trial.options.width, trial.options.layers, trial.options.heads, trial.options.classes)
    return list(Stream(ClassIncrementalMethod().arrange, net, data, trial)), trial, data


def smoke(method, setting="default", seed=0, **params):
    return execute("class-incremental", method, params=params, setting=setting, scale="smoke", seed=seed)


def test_pretraining_never_sees_the_streams_classes(monkeypatch):
    _, trial, _ = staged()
    stream = set(roles(10)[-trial.options.classes:].tolist())
    seen = []
    monkeypatch.setattr("methods.arenas.class_incremental.stage._pretraining._fit",
                        lambda net, images, labels, names, classes, *rest: seen.append(set(labels.tolist())))
    pretrain(sizes_of(trial.options))
    assert len(seen) == 1 and not seen[0] & stream


def test_captions_are_of_pictures_that_never_come_in_the_stream():
    _, trial, data = staged("zero-shot")
    images, labels, _ = pictures("digits")
    told = np.concatenate([images[labels == c][:CAPTIONS] for c in roles(10)[-trial.options.classes:]])
    told = torch.from_numpy(told).flatten(1).unique(dim=0)
    here = (torch.cat([data.x, data.test_x]).flatten(1) * 0.35 + 0.25)
    assert torch.cdist(told, here).min() > 1e-3


def test_pretraining_is_deterministic():
    _, trial, _ = staged()
    first, again = pretrain(sizes_of(trial.options)), pretrain(sizes_of(trial.options))
    assert first.keys() == again.keys() and not any(name.startswith("head") for name in first)
    assert all(np.array_equal(first[name], again[name]) for name in first)


def test_no_picture_is_in_two_parts():
    _, trial, data = staged()
    rows = torch.cat([data.x, data.test_x]).flatten(1)
    assert len(rows.unique(dim=0)) == len(rows)
    assert torch.bincount(data.test_y).tolist() == [trial.options.tests] * trial.options.classes


def test_validation_pictures_are_no_seeds_training_or_test_pictures():
    stage, trial, tested = staged()
    trial.options.validation = True
    validation = stage.data(trial)
    assert torch.equal(validation.x, tested.x) and torch.equal(validation.order, tested.order)
    assert torch.bincount(validation.test_y).tolist() == [CAPTIONS] * trial.options.classes
    held = validation.test_x.flatten(1)
    for seed in range(5):
        _, _, data = staged(seed=seed)
        assert torch.cdist(held, torch.cat([data.x, data.test_x]).flatten(1)).min() > 1e-3
    captions = stage.trial(scale="smoke", setting="zero-shot")
    captions.options.validation = True
    with pytest.raises(ValueError, match="pretrained on the validation pictures"):
        stage.data(captions)


def test_only_classes_that_a_batch_may_hold_compete():
    (first, second, third), _, _ = sessions_of("default")
    assert torch.equal(second.competing, second.classes) and len(third.competing) == 2
    _, trial, data = staged("rehearsal")
    stream = Stream(ClassIncrementalMethod().arrange, Net(8, 16, 2, 2, 6), data, trial)
    for session in stream:
        assert torch.equal(session.competing, session.seen)
        session.memory.share(session.x, session.y)


def test_classes_come_once_and_their_pictures_with_them():
    sessions, trial, data = sessions_of("exemplars")
    assert [len(s.new) for s in sessions] == [2, 2, 2]
    assert torch.cat([s.new for s in sessions]).sort().values.tolist() == list(range(6))
    assert sum(len(s.x) + len(s.unlabelled) for s in sessions) == len(data.x)
    assert all(set(s.classes.tolist()) == set(data.order[2 * s.number:2 * s.number + 2].tolist()) for s in sessions)


def test_few_shot_starts_large_and_goes_on_with_few_pictures():
    sessions, trial, _ = sessions_of("few-shot")
    assert [len(s.new) for s in sessions] == [4, 2]
    assert torch.bincount(sessions[1].y)[sessions[1].new].tolist() == [5, 5]
    assert torch.bincount(sessions[0].y)[sessions[0].new].tolist() == [8] * 4


def test_few_labels_leave_the_other_pictures_without():
    sessions, trial, _ = sessions_of("few-labels")
    for session in sessions:
        assert (len(session.x), len(session.unlabelled)) == (2 * 5, 2 * (trial.options.train - 5))


def test_blurry_classes_turn_up_in_several_sessions():
    sessions, trial, data = sessions_of("blurry", seed=1)
    homes = {c: [s.number for s in sessions if c in s.classes] for c in range(6)}
    assert sorted(len(where) for where in homes.values())[:3] == [1, 1, 1]
    assert max(len(where) for where in homes.values()) > 1
    assert [s.steps for s in sessions] == [math.ceil(2 * len(s.x) / trial.options.batch) for s in sessions]


def test_online_batches_follow_the_order_of_arrival():
    session = sessions_of("blurry", seed=1)[0][0]
    labels = session.draw(4)[1]
    assert torch.equal(labels, session.y[:4])
    session.spent = session.budget // 2
    assert torch.equal(session.draw(4)[1], session.y[len(session.y) // 2:][:4])


def test_every_method_gets_the_same_batches_and_network():
    stage, trial, data = staged()
    seen = {}

    class Watcher(ClassIncrementalMethod):
        def loss(self, net, session):
            x, y = session.draw()
            if session.number == 0 and not session.spent:
                seen.setdefault((self.name, "weights"), net.blocks[0].feed.up.weight.detach().clone())
            seen.setdefault((self.name, "x"), []).append(x)
            torch.rand(self.appetite)                        # one method's own randomness must not move another's
            return torch.nn.functional.cross_entropy(only(net(x), session.seen), y)

    for name, appetite in (("modest", 0), ("greedy", 1000)):
        watcher = Watcher()
        watcher.name, watcher.appetite = name, appetite
        stage.score(watcher, stage.trial(scale="smoke", seed=3), data)
    assert torch.equal(seen["modest", "weights"], seen["greedy", "weights"])
    assert all(torch.equal(a, b) for a, b in zip(seen["modest", "x"], seen["greedy", "x"], strict=True))


def test_budget_is_gradient_evaluations_and_teachers_are_free():
    plain, distilled, replayed = smoke("fine-tune"), smoke("lwf"), smoke("experience-replay")
    assert plain.counts["gradients"] == distilled.counts["gradients"] == replayed.counts["gradients"] == 18
    assert plain.counts["steps"] == distilled.counts["steps"] == 18
    assert smoke("nearest-class-mean").counts["gradients"] == 0
    assert smoke("ewc").counts["gradients"] > 18            # the Fisher information's passes are counted too


def test_trained_parameters_are_those_of_all_stages_of_a_session():
    width, classes = 16, 6
    head = classes * (width + 1)
    assert smoke("layer-norm-tuning").counts["parameters"] == head + 5 * 2 * width + width    # norms and the key
    assert smoke("layer-norm-tuning").counts["parameters"] < smoke("l2p").counts["parameters"]
    assert smoke("nearest-class-mean").counts["parameters"] == 0


def test_memory_counts_what_is_kept():
    assert smoke("fine-tune").scores["memory"] == 0
    kept = 12 * (8 * 8 + 1)
    assert smoke("experience-replay").scores["memory"] == pytest.approx(kept / 1000)
    assert smoke("nearest-class-mean").scores["memory"] == pytest.approx((6 * 16 + 6) / 1000)
    shared = torch.zeros(5)
    assert numbers_held({"a": [shared, shared]}, shared, torch.zeros(2)) == 7


def test_scores_by_hand():
    """An oracle that forgets its first session when the last one ends."""
    stage, trial, data = staged()
    truth = {tuple(x.flatten().tolist()): int(y) for x, y in zip(data.test_x, data.test_y, strict=True)}

    class Forgetful(ClassIncrementalMethod):
        def begin_session(self, net, session):
            self.gone = data.order[:2] if session.number == 2 else data.order[:0]
            self.instead = session.new[0]

        def loss(self, net, session):
            return None

        def scores(self, net, x):
            y = torch.tensor([truth[tuple(picture.flatten().tolist())] for picture in x])
            y = torch.where(torch.isin(y, self.gone), self.instead, y)
            return torch.nn.functional.one_hot(y, 6).float()

    scores = stage.score(Forgetful(), trial, data)
    assert scores["average_accuracy"] == pytest.approx((100 + 100 + 200 / 3) / 3)
    assert scores["last_accuracy"] == pytest.approx(200 / 3)
    assert scores["forgetting"] == pytest.approx(50)                     # of two earlier sessions one is lost
    assert scores["harmonic_accuracy"] == 0
    assert scores["task_accuracy"] == pytest.approx(100 * (0.5 + 1 + 1) / 3)
    assert scores["transfer"] == 100
    assert scores["memory"] < 0.01


def test_shuffled_labels_move_pictures_to_other_classes():
    stage, _, data = staged()
    shuffled = stage.shuffle_labels(data, torch.Generator().manual_seed(0))
    assert torch.equal(shuffled.y, data.y) and not torch.equal(shuffled.x, data.x)
    assert torch.equal(shuffled.x.sum(), data.x.sum()) or torch.isclose(shuffled.x.sum(), data.x.sum())


def test_an_order_must_hold_every_class_once():
    stage, trial, data = staged()

    class Broken(ClassIncrementalMethod):
        def arrange(self, net, x, y, order, step):
            return order[:1].expand(len(order))

    with pytest.raises(ValueError, match="every class once"):
        stage.score(Broken(), trial, data)


def test_a_loss_that_is_no_number_stops_the_run():
    stage, trial, data = staged()

    class Broken(ClassIncrementalMethod):
        def loss(self, net, session):
            return super().loss(net, session) * float("nan")

    with pytest.raises(ValueError, match="the loss is nan"):
        stage.score(Broken(), trial, data)


def test_memory_never_exceeds_its_limit_and_is_fair():
    memory = Memory(6, torch.zeros(1, 1))
    memory.share(torch.arange(8.0)[:, None], torch.tensor([0] * 4 + [1] * 4))
    assert torch.bincount(memory.y).tolist() == [3, 3]
    memory.share(torch.arange(8.0, 12.0)[:, None], torch.full((4,), 2))
    assert torch.bincount(memory.y).tolist() == [2, 2, 2]
    memory.offer(torch.zeros(20, 1), torch.zeros(20, dtype=torch.long))
    assert len(memory) == 6


def test_features_drawn_from_gaussians_are_like_the_class():
    torch.manual_seed(0)
    z = torch.randn(400, 3) * torch.tensor([1.0, 2.0, 0.5]) + torch.tensor([5.0, 0.0, -3.0])
    gaussians = Gaussians()
    gaussians.add(z, torch.full((400,), 7))
    drawn, y = gaussians.draw(4000)
    assert (y == 7).all()
    assert torch.allclose(drawn.mean(0), z.mean(0), atol=0.15) and torch.allclose(drawn.std(0), z.std(0), rtol=0.1)


def test_alignment_separates_classes_of_different_sessions():
    torch.manual_seed(0)
    gaussians, head = Gaussians(), torch.nn.Linear(2, 4)
    centres = torch.tensor([[4.0, 0.0], [-4.0, 0.0], [0.0, 0.0], [0.0, 4.0]])
    for session in ([0], [1, 3]):
        y = torch.tensor(session).repeat_interleave(50)
        gaussians.add(torch.randn(len(y), 2) + centres[y], y)
    align(head, gaussians, 200, 0.1)
    seen = torch.tensor([0, 1, 3])
    assert torch.equal(only(head(gaussians.matrix(seen)), seen).argmax(1), seen)


def test_small_parts():
    assert only(torch.tensor([[3.0, 2.0, 1.0]]), torch.tensor([1, 2])).argmax().item() == 1
    assert class_means(torch.tensor([[1.0], [3.0]]), torch.tensor([4, 4]), torch.tensor([4, 5])).tolist() == [[2], [0]]
    assert herding(torch.tensor([[0.0], [2.0], [1.1]]), 1).tolist() == [2]
    assert herding(torch.tensor([[0.0], [2.0]]), 0).dtype == torch.long    # an index, also of none
    words = spelled(["ice cream", "ice", "whale"])
    assert words[0] @ words[1] > words[0] @ words[2]
    p = torch.nn.Parameter(torch.ones(2))
    with swapped([p], [torch.zeros(2)]):
        assert p.sum() == 0
    assert p.sum() == 2


def test_a_frozen_copy_is_not_counted_and_does_not_follow():
    net, passed = Net(8, 16, 2, 2, 6), []
    net.blocks[0].register_forward_pre_hook(lambda module, inputs: passed.append(len(inputs[0])))
    copied = frozen_copy(net)
    copied(torch.zeros(3, 1, 8, 8))
    assert not passed and not any(p.requires_grad for p in copied.parameters())


def test_relevance_maps_leave_used_weights_as_they_were():
    stage, trial, data = staged()
    method = load_method("class-incremental", "rmn")()
    fixed = []
    finish = method.end_session

    def watch(net, session):
        before = [(part.fixed.clone(), part.used.clone()) for part in method.parts]
        finish(net, session)
        fixed.extend(torch.equal(part.fixed[used], old[used])
                     for part, (old, used) in zip(method.parts, before, strict=True))

    method.end_session = watch
    stage.score(method, trial, data)
    assert fixed and all(fixed)


def test_thresholding_leaves_some_directions_and_drops_others():
    stage, trial, data = staged("zero-shot")
    method, kept = load_method("class-incremental", "codyra")(), []
    finish = method.end_session

    def watch(net, session):
        method.threshold(1.0)
        kept.extend((part.w != 0).float().mean().item() for part in method.parts)
        finish(net, session)

    method.end_session = watch
    stage.score(method, trial, data)
    assert 0.3 < np.mean(kept) < 0.95 and len(set(kept)) > 1             # each weight matrix has a rank of its own


def test_expanding_grows_by_one_network_a_session():
    held = {name: smoke(name).scores["memory"] for name in ("der", "experience-replay")}
    net = sum(p.numel() for p in Net(8, 16, 2, 2, 6).parameters()) / 1000
    assert 2 * (net - 0.11) < held["der"] - held["experience-replay"] < 2 * net + 1


def test_a_designed_order_replaces_the_random_one():
    assert smoke("curriculum-designer").curve != smoke("lwf").curve


class Behaves(ClassIncrementalMethod):
    """Fine-tuning with a statistic and as many pictures as may be kept; keeps to everything."""

    card = Card(title="Behaves")

    def end_session(self, net, session):
        self.mean = session.x.mean(0, keepdim=True).flatten()
        session.memory.share(session.x, session.y)


class TrainsBeforehand(Behaves):
    def begin_session(self, net, session):
        net(session.x).square().mean().backward()


class StepsTooFar(Behaves):
    def loss(self, net, session):
        return torch.stack([super(StepsTooFar, self).loss(net, session) for _ in range(20)]).mean()


class GrantsItselfMore(Behaves):
    def begin_session(self, net, session):
        session.budget *= 2


class OverfillsTheMemory(Behaves):
    def end_session(self, net, session):
        memory = session.memory
        memory.x, memory.y = torch.cat([memory.x, session.x]), torch.cat([memory.y, session.y])


class Hides(Behaves):
    def begin_session(self, net, session):
        self.last = {"sessions": [session]}


class AnswersTogether(Behaves):
    def scores(self, net, x):
        scores = super().scores(net, x)
        return scores - scores.mean(0)


@pytest.mark.parametrize(("check", "bad", "complaint"), [
    (pays_for_its_gradients, TrainsBeforehand, "nobody pays"),
    (pays_for_its_gradients, StepsTooFar, "14 batches more"),
    (pays_for_its_gradients, GrantsItselfMore, "6 batches more"),
    (keeps_pictures_in_memory_alone, OverfillsTheMemory, "16 pictures are kept, 12 are allowed"),
    (keeps_pictures_in_memory_alone, Hides, "pictures stay in last"),
    (answers_each_picture_alone, AnswersTogether, "asked with"),
])
def test_checks_find_a_method_that_breaks_them(check, bad, complaint):
    rehearsal = Rehearsal(ClassIncremental, "smoke")
    check(rehearsal, Behaves)
    with pytest.raises(CheckFailed, match=complaint):
        check(rehearsal, bad)
