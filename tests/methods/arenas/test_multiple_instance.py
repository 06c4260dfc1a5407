"""The arena of labels on bags: what a bag holds, who sees which labels, what the scores are, and parts by hand."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from methods.arenas.multiple_instance.arena import MultipleInstance, MultipleInstanceMethod, auroc
from methods.arenas.multiple_instance.ins import Ins
from methods.arenas.multiple_instance.mhim_mil import MhimMil, hide
from methods.arenas.multiple_instance.mi_max import losses
from methods.arenas.multiple_instance.stage.nets import AttentionNet
from methods.arenas.multiple_instance.stage.task import Task
from methods.kit.engine.registry import load_method, method_files
from methods.kit.method import Card


@pytest.fixture(scope="module")
def stage():
    return MultipleInstance()


def made(stage, setting="default", seed=1):
    trial = stage.trial(scale="smoke", setting=setting, seed=seed)
    return trial, stage.data(trial)


@pytest.mark.parametrize(("setting", "size", "witnesses"), [("default", 20, 1), ("low-witness", 60, 3)])
def test_half_of_the_bags_hold_so_many_witnesses(stage, setting, size, witnesses):
    _, data = made(stage, setting)
    for bags, many in ((data.train, 30), (data.test, 40)):
        assert bags.x.shape[:2] == (many, size)
        assert bags.instances.sum(1).tolist() == [witnesses * (i % 2) for i in range(many)]
        assert bags.y.tolist() == [i % 2 for i in range(many)]


def test_no_digit_trains_and_is_asked(stage):
    _, data = made(stage)
    train, test = (part.x.flatten(0, 1).unique(dim=0) for part in (data.train, data.test))
    assert len(torch.cat([train, test]).unique(dim=0)) >= len(train) + len(test) - 2          # two are drawn alike


def test_the_wanted_digit_is_drawn_for_the_seed(stage):
    found = [made(stage, seed=seed)[1].train for seed in range(4)]
    assert len({tuple(bags.x[1][bags.instances[1] == 1][0].tolist()) for bags in found}) == 4


def test_auroc_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 300), rng.integers(0, 20, 300) / 7
    assert auroc(torch.tensor(scores), torch.tensor(labels)) == pytest.approx(100 * roc_auc_score(labels, scores))


def test_scores_must_be_finite_and_whole(stage):
    class Given(MultipleInstanceMethod):
        """Says what the test says."""

        card = Card(title="Given")

        def fit(self, task):
            return said

    trial, data = made(stage)
    for answer in (lambda bags: (bags.sum((1, 2)), bags.sum((1, 2))), lambda bags: (bags.sum((1, 2)), bags.sum(2) / 0)):
        said = nn.Module()
        said.forward = answer
        with pytest.raises(ValueError, match="one score a bag|finite"):
            stage.run(Given(), data, trial)


def test_training_passes_through_all_bags_and_keeps_the_best_start(stage):
    trial, data = made(stage)
    task, seen, ended = Task(data.train.x, data.train.y, None, trial), [], []

    class Constant(nn.Module):
        def __init__(self):
            super().__init__()
            self.value = nn.Parameter(torch.tensor(float(len(ended))))
            ended.append(self)

    def loss(model, bags, labels):
        assert torch.equal(task.bags[task.rows], bags) and torch.equal(task.labels[task.rows], labels)
        seen.append(task.rows)
        return 3 - 0 * model.value + (ended.index(model) != 1)

    best = task.train(Constant, loss, starts=3, steps=6)
    assert best is ended[1] and len(seen) == 18
    assert sorted(torch.cat(seen[:3]).tolist()) == list(range(30)) == sorted(torch.cat(seen[3:6]).tolist())


def test_only_the_upper_bound_sees_instances(stage):
    sees = {path.stem for path in method_files("multiple-instance")
            if load_method("multiple-instance", path.stem.replace("_", "-")).sees_instances}
    assert sees == {"instance_supervised"}


def test_attention_by_hand():
    net = AttentionNet(3, 4, 5)
    bags = torch.randn(2, 6, 3)
    h = net.encode(bags).detach().numpy()
    first, _, last = net.attend
    hidden = np.tanh(h @ first.weight.detach().numpy().T + first.bias.detach().numpy())
    scores = hidden @ last.weight.detach().numpy()[0]
    a = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    pooled = (a[:, :, None] * h).sum(1)
    said = pooled @ net.judge.weight.detach().numpy()[0] + net.judge.bias.detach().numpy()
    assert net(bags)[0].detach().numpy() == pytest.approx(said, abs=1e-5)
    kept = torch.tensor([[True] * 5 + [False]] * 2)
    assert torch.allclose(net(bags, kept)[0], net(bags[:, :5])[0], atol=1e-6), "what is hidden has no weight"


def test_what_the_teacher_looks_at_most_is_hidden():
    torch.manual_seed(0)
    attention = torch.rand(50, 20)
    kept = hide(attention, 0.1, 0.0)
    assert (kept.sum(1) == 18).all()
    assert all(set(attention[i].topk(2).indices.tolist()) == set((~kept[i]).nonzero().flatten().tolist())
               for i in range(50))
    assert (hide(attention, 0.5, 0.99).sum(1) >= 1).all(), "a bag is never empty"


def test_the_teacher_follows_slowly(stage):
    trial, data = made(stage)
    task, method = Task(data.train.x, data.train.y, None, trial), MhimMil(momentum=0.9)
    student = method.model(task)
    before = [p.clone() for p in method.teacher.parameters()]
    with torch.no_grad():
        for p in student.parameters():
            p += 1
    method.after_step(student, task)
    assert all(torch.allclose(p, b + 0.1, atol=1e-6) for p, b in zip(method.teacher.parameters(), before, strict=True))


def test_the_loss_of_the_hyperplane_by_hand():
    rng = np.random.default_rng(0)
    bags, w, b, y = rng.normal(size=(4, 3, 2)), rng.normal(size=(2, 2)), rng.normal(size=2), np.array([1, 0, 0, 1])
    found = losses(torch.tensor(w), torch.tensor(b), torch.tensor(bags), torch.tensor(y), 0.5)
    for r in range(2):
        terms = [(-1 if y[i] else 1) / (y == y[i]).sum() * np.tanh((bags[i] @ w[r] + b[r]).max()) for i in range(4)]
        assert found[r].item() == pytest.approx(sum(terms) + 0.5 * (w[r] ** 2).sum())


def test_negative_bags_stay_certain_and_labels_stand_still_at_first(stage):
    trial, data = made(stage)
    task, method = Task(data.train.x, data.train.y, None, trial), Ins(warm_up=0.5, keep=0.5)
    model = method.model(task)
    task.rows = torch.arange(10)
    for progress, moves in ((0.4, False), (0.6, True)):
        task.progress = progress
        before = method.labels.clone()
        method.loss(model, task.bags[:10], task.labels[:10], task)
        assert (method.labels[task.labels == 0] == 0).all()
        assert torch.equal(method.labels, before) != moves
