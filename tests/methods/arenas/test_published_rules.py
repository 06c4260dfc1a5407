"""Rules that papers publish against a computation of another kind: sums over all history, loops over matrices."""

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from methods.arenas.peft import ada_lora, dora, fourier_ft
from methods.kit.engine.registry import load_method

RATE = 0.05


def course(slug, gradients, **values):
    """The weights after each of the gradients, from zero."""
    rule, w, seen = load_method("optimizers", slug)(**values), torch.zeros_like(gradients[0]), []
    rule.start(w.clone())
    for g in gradients:
        w = rule.step(w, lambda at, g=g: g, RATE)
        seen.append(w)
    return torch.stack(seen)


def averaged(values, kept):
    """The running mean of the values so far, written out: sum of (1 - kept) kept^(t - i) v_i."""
    return sum((1 - kept) * kept ** (len(values) - 1 - i) * v for i, v in enumerate(values))


@pytest.fixture
def gradients():
    return list(torch.randn(12, 5, generator=torch.Generator().manual_seed(0)).double())


def travelled(steps):
    return -RATE * torch.stack(steps).cumsum(0)


def test_adabelief_divides_by_what_was_not_expected(gradients):
    steps, surprises = [], []
    for t in range(1, 13):
        m = averaged(gradients[:t], 0.9)
        surprises.append((gradients[t - 1] - m) ** 2)
        s = averaged(surprises, 0.99) + 1e-3 * (1 - 0.99**t) / (1 - 0.99)
        steps.append(m / (1 - 0.9**t) / ((s / (1 - 0.99**t)).sqrt() + 1e-3))
    torch.testing.assert_close(course("ada-belief", gradients, beta2=0.99, eps=1e-3), travelled(steps))


def test_amsgrad_divides_by_the_largest_mean_square_so_far(gradients):
    squares = [g**2 for g in gradients]
    means = [averaged(squares[:t], 0.99) for t in range(1, 13)]
    steps = [averaged(gradients[:t], 0.9) / (torch.stack(means[:t]).amax(0).sqrt() + 1e-8) for t in range(1, 13)]
    torch.testing.assert_close(course("amsgrad", gradients, beta2=0.99), travelled(steps))


def test_adan_looks_ahead_by_the_change_of_the_gradient(gradients):
    changes = [torch.zeros(5).double(), *(b - a for a, b in zip(gradients, gradients[1:], strict=False))]
    ahead = [(g + 0.92 * c) ** 2 for g, c in zip(gradients, changes, strict=True)]
    w, seen = torch.zeros(5).double(), []
    for t in range(1, 13):
        m, v, n = (averaged(values[:t], kept) / (1 - kept**t)
                   for values, kept in ((gradients, 0.98), (changes, 0.92), (ahead, 0.99)))
        w = (w - RATE * (m + 0.92 * v) / (n.sqrt() + 1e-8)) / (1 + 0.02 * RATE)
        seen.append(w)
    torch.testing.assert_close(course("adan", gradients), torch.stack(seen))


def test_ademamix_adds_a_mean_whose_half_life_grows_evenly(gradients):
    def half_life(kept):
        return math.log(0.5) / math.log(kept)

    steps, kept = [], []
    for t in range(1, 13):
        part = min(t / 8, 1.0)
        kept.append(0.5 ** (1 / ((1 - part) * half_life(0.9) + part * half_life(0.9999))))
        slow = sum((1 - kept[i]) * math.prod(kept[i + 1:]) * gradients[i] for i in range(t))
        v = averaged([g**2 for g in gradients[:t]], 0.999) / (1 - 0.999**t)
        steps.append((averaged(gradients[:t], 0.9) / (1 - 0.9**t) + 5 * part * slow) / (v.sqrt() + 1e-8))
    torch.testing.assert_close(course("ademamix", gradients, warm=8, decay=0.0), travelled(steps))


def test_sophia_s_estimates_have_the_hessian_s_diagonal_as_their_mean():
    rule, generator = load_method("optimizers", "sophia")(), torch.Generator().manual_seed(0)
    hessian = torch.tensor([[3.0, 1.0], [1.0, -2.0]])
    w = torch.tensor([0.5, 1.0])
    each = [rule.curvature(w, lambda at: hessian @ at, hessian @ w, torch.randn(2, generator=generator))
            for _ in range(4000)]
    torch.testing.assert_close(torch.stack(each).mean(0), hessian.diagonal(), atol=0.3, rtol=0)


def test_sophia_moves_no_weight_by_more_than_the_rate_and_flat_ones_by_all_of_it():
    torch.manual_seed(0)
    rule = load_method("optimizers", "sophia")(decay=0.0)
    curved = torch.tensor([0.0, -5.0, 1e6])             # flat; curved the wrong way; steep
    w = torch.ones(3)
    rule.start(w)
    moved = (w - rule.step(w, lambda at: curved * (at - 1) + 1, RATE)).abs() / RATE
    assert moved[:2].tolist() == pytest.approx([1, 1]) and 0 < moved[2] < 1


def test_dora_keeps_lengths_and_takes_the_length_of_the_direction_as_given():
    torch.manual_seed(0)
    layer = dora.Decomposed(nn.Linear(4, 3).double(), 2, 2.0)
    nn.init.normal_(layer.b)
    weight = layer.weight()
    torch.testing.assert_close(weight.norm(dim=1, keepdim=True), layer.m)
    push = torch.randn(3, 4).double()
    (weight * push).sum().backward()
    v = (layer.base.weight + 2 * layer.b @ layer.a).detach()
    of_direction = push * layer.m.detach() / v.norm(dim=1, keepdim=True)           # eq. 11
    torch.testing.assert_close(layer.b.grad, 2 * of_direction @ layer.a.detach().T)
    torch.testing.assert_close(layer.m.grad, (push * v).sum(1, keepdim=True) / v.norm(dim=1, keepdim=True))


def test_fourier_change_against_its_double_sum():
    c, places = torch.tensor([1.0, -2.0, 0.5]), [(0, 1), (2, 0), (2, 3)]
    wanted = torch.zeros(3, 4)
    for p in range(3):
        for q in range(4):
            wanted[p, q] = sum(value * math.cos(2 * math.pi * (p * j / 3 + q * k / 4))
                               for value, (j, k) in zip(c.tolist(), places, strict=True)) * 10 / 12
    found = fourier_ft.change_of(c, torch.tensor([4 * j + k for j, k in places]), (3, 4), 10.0)
    torch.testing.assert_close(found, wanted)


def test_adalora_deals_out_exactly_the_ranks_it_is_given():
    torch.manual_seed(0)
    method = ada_lora.AdaLora(first=3, r=2)
    method.layers = [ada_lora.Triplets(nn.Linear(4, 4), 3, 6.0) for _ in range(2)]
    for layer, size in zip(method.layers, (1.0, 10.0), strict=True):
        nn.init.ones_(layer.lam)
        for p in (layer.p, layer.lam, layer.q):
            p.grad = size * torch.ones_like(p)
        layer.feel(0.5, 0.5)
    optimizer = torch.optim.AdamW([p for layer in method.layers for _, p in layer.parts()])
    method.prune(4, optimizer)
    assert [len(layer.lam) for layer in method.layers] == [1, 3]                   # the more important layer keeps all
    assert {id(p) for group in optimizer.param_groups for p in group["params"]} == \
        {id(p) for layer in method.layers for _, p in layer.parts()}


def test_lora_plus_gives_the_second_factors_their_own_rate():
    method, net = load_method("peft", "lora-plus")(ratio=8.0), nn.Linear(3, 3)
    layer = SimpleNamespace(b=nn.Parameter(torch.zeros(3, 1)))
    method.layers = [layer]
    task = SimpleNamespace(rate=0.01, enters=lambda share: True,
                           optimizer=torch.optim.AdamW([{"params": [*net.parameters(), layer.b], "base": 0.01}]))
    method.advance(net, task)
    rates = {id(p): group["base"] for group in task.optimizer.param_groups for p in group["params"]}
    assert rates == {id(net.weight): 0.01, id(net.bias): 0.01, id(layer.b): 0.08}


def test_ride_s_loss_picture_by_picture():
    torch.manual_seed(0)
    method, counts = load_method("long-tail", "ride")(experts=2), torch.tensor([40.0, 10.0, 5.0])
    y, z = torch.tensor([0, 2, 1, 0]), torch.randn(4, 6)
    net = nn.Module()
    net.backbone = nn.Sequential(*(nn.Identity() for _ in range(5)), nn.Linear(6, 4), nn.ReLU())
    task = SimpleNamespace(counts=counts, features=4, classes=3, x=z, y=y, enters=lambda share: True,
                           draw=lambda: SimpleNamespace(x=z, y=y))
    method.prepare(net, task)
    loss = method.step(net, task)
    each = [expert(z).detach() for expert in net.classifier.experts]
    mean = (each[0] + each[1]) / 2
    weights = 1 / (1 - 0.9999**counts)
    weights = 3 * weights / weights.sum()
    t = 0.05 * 3 * counts / counts.sum() + 0.95
    t = t / t.max()
    wanted = 0.0
    for f in each:
        named, total, apart = 0.0, 0.0, 0.0
        for i, c in enumerate(y):
            g = f[i].clone()
            g[c] -= 30 * 0.5 * (5 / counts[c]) ** 0.25
            named, total = named - weights[c] * g.log_softmax(0)[c], total + weights[c]
            p, q = (mean[i] / t).softmax(0), (f[i] / t).softmax(0)
            apart += (p * (p / q).log()).sum() / len(y)
        wanted += named / total - 0.2 * t.mean() ** 2 * apart
    torch.testing.assert_close(loss, wanted)


def test_vector_scaling_gives_rare_classes_small_factors():
    method = load_method("long-tail", "vs-loss")(gamma=0.5, tau=1.0)
    method.prepare(None, SimpleNamespace(counts=torch.tensor([12.0, 3.0, 1.0])))
    logits = torch.tensor([0.3, -1.0, 2.0])
    scaled = [0.3 + math.log(12 / 16), -1.0 * 0.5 + math.log(3 / 16), 2.0 * (1 / 12) ** 0.5 + math.log(1 / 16)]
    wanted = math.log(sum(math.exp(v) for v in scaled)) - scaled[2]
    assert method.loss(logits[None], torch.tensor([2])).item() == pytest.approx(wanted, abs=1e-6)
