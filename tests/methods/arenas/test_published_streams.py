"""Published ways of adapting and of learning in sequence against a computation of another kind."""

import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.class_incremental import bic, dark_experience_replay, gdumb, slda
from methods.arenas.class_incremental.stage.nets import Memory
from methods.arenas.domain_adaptation import eata, mcc, t3a
from methods.kit.engine.registry import load_method


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


class Flat(nn.Module):
    """Features are the inputs, doubled."""

    def __init__(self, dim, classes):
        super().__init__()
        self.dim, self.head = dim, nn.Linear(dim, classes)
        self.gain = nn.Parameter(torch.tensor(2.0))

    def features(self, x):
        return self.gain * x

    def forward(self, x):
        return self.head(self.features(x))


def test_class_confusion_class_by_class():
    logits = torch.randn(6, 3)
    p = (logits / 2.5).softmax(1)
    w = torch.tensor([1 + math.exp((q * q.log()).sum()) for q in p])
    w = 6 * w / w.sum()
    shared = [[sum(w[i] * p[i, j] * p[i, k] for i in range(6)) for k in range(3)] for j in range(3)]
    wanted = sum(shared[j][k] / sum(shared[j]) for j in range(3) for k in range(3) if j != k) / 3
    torch.testing.assert_close(mcc.confusion(logits, 2.5), wanted)


def test_cdan_weighs_each_domain_by_itself_and_turns_the_gradient_round():
    method, net = load_method("domain-adaptation", "cdan")(), Flat(2, 3)
    x, u, y = torch.randn(4, 2), torch.randn(4, 2), torch.tensor([0, 1, 2, 0])
    task = SimpleNamespace(classes=3, unlabelled=u, progress=0.5, optimise=lambda *groups: None,
                           source=lambda: (x, y), target=lambda: (None, u))
    method.begin(net, task)
    method.loss(net, task).backward()
    ours = net.gain.grad.clone()
    lam, gain = 2 / (1 + math.exp(-5)) - 1, net.gain.detach().clone().requires_grad_()
    fool, named = 0.0, 0.0
    for rows, real in ((x, 1.0), (u, 0.0)):
        p = net.head(gain * rows).softmax(1).detach()
        trust = 1 + (p * p.log()).sum(1).exp()
        seen = torch.einsum("bc,bd->bcd", p, gain * rows).flatten(1)
        each = F.binary_cross_entropy_with_logits(method.domain(seen)[:, 0], torch.full((4,), real), reduction="none")
        fool = fool + (trust * each).sum() / trust.sum() / 2
    named = F.cross_entropy(net.head(gain * x), y)
    (named - lam * fool).backward()
    torch.testing.assert_close(ours, gain.grad)


def test_mcd_trains_in_turn_all_the_classifiers_and_the_features():
    method, net = load_method("domain-adaptation", "mcd")(n=2), Flat(2, 3)
    x, u, y = torch.randn(4, 2), torch.randn(4, 2), torch.tensor([0, 1, 2, 0])
    task = SimpleNamespace(unlabelled=u, step=0, optimise=lambda *groups: None, source=lambda: (x, y),
                           target=lambda: (None, u))
    method.begin(net, task)
    trained = []
    for task.step in range(4):
        net.zero_grad(set_to_none=True)
        method.second.zero_grad(set_to_none=True)
        method.loss(net, task).backward()
        trained.append((net.gain.grad is not None, net.head.weight.grad is not None,
                        method.second.weight.grad is not None))
    assert trained == [(True, True, True), (False, True, True), (True, False, False), (True, False, False)]


def test_t3a_keeps_the_surest_of_each_class():
    z, y, h = torch.randn(9, 4), torch.tensor([0, 1, 2] * 3), torch.rand(9)
    rows, found = t3a.templates(z, y, h, 3, 2)
    for c in range(3):
        best = sorted((i for i in range(9) if y[i] == c), key=lambda i: h[i])[:2]
        assert set(best) == {int(r) for r in rows if y[r] == c}
        mean = sum(z[i] / z[i].norm() for i in best)
        torch.testing.assert_close(found[c], mean / mean.norm())


def test_eta_learns_from_the_sure_and_the_new_alone():
    p = torch.tensor([[0.98, 0.01, 0.01], [0.4, 0.3, 0.3], [0.01, 0.98, 0.01]])
    h = -(p * p.log()).sum(1)
    bound = 0.4 * math.log(3)
    found = eata.weights(h, p, torch.tensor([0.9, 0.05, 0.05]), bound, 0.4)      # the first is like what came before
    assert found.tolist() == pytest.approx([0, 0, math.exp(bound - h[2])])


def test_streamed_covariance_is_that_of_the_deviations_from_the_means_of_their_time():
    z, y = torch.randn(20, 3).double(), torch.arange(20) % 2
    covariance, means, counts = torch.zeros(3, 3).double(), torch.zeros(2, 3).double(), [0, 0]
    total = torch.zeros(3, 3).double()
    for t in range(20):
        before = z[:t][y[:t] == y[t]]
        away = z[t] - (before.mean(0) if len(before) else torch.zeros(3).double())
        total = total + t / (t + 1) * torch.outer(away, away)
        c = int(y[t])
        covariance, means[c], counts[c] = slda.streamed(covariance, means[c], counts[c], t, z[t])
    torch.testing.assert_close(covariance, total / 20)
    torch.testing.assert_close(means, torch.stack([z[y == c].mean(0) for c in range(2)]))


def test_bic_finds_the_bias_that_was_put_in():
    method = bic.Bic()
    method.new, method.bias = torch.tensor([2, 3]), torch.tensor([1.0, 0.0])
    right = 3 * torch.randn(20000, 4)
    y = torch.distributions.Categorical(logits=right).sample()
    biased = right.clone()
    biased[:, 2:] = (right[:, 2:] + 1.5) / 0.5                                    # undone by a half, less 1.5
    method.fit(biased, y, torch.arange(4))
    assert method.bias.tolist() == pytest.approx([0.5, -1.5], abs=0.1)


def test_bic_holds_out_as_many_of_each_class_and_never_all():
    y = torch.tensor([0] * 5 + [1] * 2 + [2])
    held = bic.held_out(y, torch.arange(3), 2)
    assert [int(held[y == c].sum()) for c in range(3)] == [2, 1, 0]


def test_gdumb_keeps_classes_balanced_whatever_comes():
    labels = [0] * 30 + [1] * 3 + [2] * 30
    kept = [labels[i] for i in gdumb.greedy([], labels, 9, lambda n: 0)]
    assert sorted(kept) == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_der_keeps_pictures_as_they_are_with_the_logits_of_the_view():
    method, net = dark_experience_replay.DarkExperienceReplay(), nn.Linear(2, 3)
    x, y = torch.randn(6, 2), torch.tensor([0, 1, 2, 0, 1, 2])
    session = SimpleNamespace(number=0, total=3, names=torch.zeros(3, 2), memory=Memory(20, x), x=x, y=y, online=False,
                              batch_size=6, competing=torch.arange(3), view=lambda rows: rows + 1)
    method.begin_session(net, session)
    method.loss(net, session)
    assert {tuple(row) for row in session.memory.x.tolist()} == {tuple(row) for row in x.tolist()}
    torch.testing.assert_close(method.logits, net(session.memory.x + 1).detach())


def test_der_s_loss_is_of_three_batches():
    method, net = dark_experience_replay.DarkExperienceReplay(alpha=0.3, beta=0.7), nn.Linear(2, 3)
    x, y = torch.randn(1, 2), torch.tensor([1])
    kept = Memory(1, x)
    kept.offer(torch.randn(1, 2), torch.tensor([2]))
    kept.offered = 10**9                                                          # nothing more comes in
    method.logits, method.order = torch.randn(1, 3), []
    logits, old = method.logits.clone(), kept.x.clone()
    session = SimpleNamespace(memory=kept, x=x, y=y, online=False, batch_size=3, competing=torch.arange(3),
                              view=lambda rows: rows)
    wanted = -net(x).log_softmax(1)[0, 1] + 0.3 * ((net(old) - logits) ** 2).sum() / 3 \
        - 0.7 * net(old).log_softmax(1)[0, 2]
    torch.testing.assert_close(method.loss(net, session), wanted)
