"""The arena of zero-shot learning: which drawings are whose, and the methods' parts against other computations."""

import numpy as np
import pytest
import torch

from methods.arenas.zero_shot.arena import ZeroShot
from methods.arenas.zero_shot.calibrated_stacking import best_gamma
from methods.arenas.zero_shot.con_se import mixed
from methods.arenas.zero_shot.dap import log_likelihood
from methods.arenas.zero_shot.deep_mil_tagging import smooth_maximum
from methods.arenas.zero_shot.label_propagation import spread
from methods.arenas.zero_shot.loki import costs
from methods.arenas.zero_shot.lsr_gan import outside
from methods.arenas.zero_shot.psr_zsl import broken
from methods.arenas.zero_shot.stage._scores import area, ranked
from methods.arenas.zero_shot.stage.generating import Critic, penalty
from methods.arenas.zero_shot.stage.laws import against, patterns
from methods.arenas.zero_shot.stage.nets import outranked
from methods.arenas.zero_shot.stage.task import bilinear
from methods.arenas.zero_shot.zsl_bound import answered, worst
from methods.kit.engine.registry import load_method, method_files


def made(setting="default", seed=1):
    stage = ZeroShot()
    trial = stage.trial(scale="smoke", setting=setting, seed=seed)
    return stage, trial, stage.data(trial)


def rows_of(cells):
    return {row.numpy().tobytes() for row in cells.flatten(0, 1)}


def test_no_drawing_is_learnt_and_asked():
    for setting in ("default", "few-seen", "attributes"):
        data = made(setting)[2]
        assert not data.tags.sum(1).ne(1).any() and data.tags.sum(0).eq(20).all()
        seen = data.tags.shape[1]
        assert data.unseen_right[:, :seen].sum() == 0 and data.seen_right[:, seen:].sum() == 0
        if setting == "default":
            assert not rows_of(data.bags) & (rows_of(data.unseen_cells) | rows_of(data.seen_cells))


def test_features_are_centred_on_what_is_learnt():
    data = made()[2]
    assert data.bags[..., :data.width].mean((0, 1)).abs().max() < 1e-5


@pytest.mark.parametrize(("setting", "told"), [("default", False), ("attributes", True)])
def test_what_unseen_kinds_look_like_is_told_only_where_the_setting_says_so(setting, told):
    stage, trial, data = made(setting)
    watched, given = load_method("zero-shot", "eszsl")(), []
    fit = watched.fit
    watched.fit = lambda task: (given.append(task), fit(task))
    stage.score(watched, trial, data)
    assert given[0].many is None and given[0].unlabelled is None
    seen = given[0].seen
    assert torch.equal(given[0].attributes[:seen], data.attributes[:seen])
    assert torch.equal(given[0].attributes, data.attributes) == told


def test_a_question_of_several_kinds_has_one_to_three():
    data = made("tagging")[2]
    assert data.bags.shape[1] == 4 and set(data.tags.sum(1).tolist()) <= {1, 2, 3}
    assert set(data.unseen_right.sum(1).tolist()) == {1, 2, 3}


def test_ranks_by_sorting():
    rng = np.random.default_rng(0)
    scores, right = torch.from_numpy(rng.normal(size=(40, 7))), torch.from_numpy(rng.random((40, 7)) < 0.3)
    right[:, 0] |= ~right.any(1)
    found = []
    for s, r in zip(scores.numpy(), right.numpy(), strict=True):
        for kind in np.flatnonzero(r):
            order = sorted([kind, *np.flatnonzero(~r)], key=lambda c: -s[c])
            found.append(1 / (1 + order.index(kind)))
    assert ranked(scores, right)[0] == pytest.approx(100 * np.mean(found))


def test_area_by_sweeping():
    rng = np.random.default_rng(1)
    u, s = (torch.from_numpy(rng.normal(size=(n, 6))) for n in (50, 40))
    y_u, y_s = torch.from_numpy(rng.integers(3, 6, 50)), torch.from_numpy(rng.integers(0, 3, 40))
    u[range(50), y_u] += 1
    s[range(40), y_s] += 1
    points = []
    for gamma in np.linspace(-8, 8, 4001):
        held = torch.tensor([gamma] * 3 + [0.0] * 3)
        points.append([((x - held).argmax(1) == y).double().mean().item() for x, y in ((u, y_u), (s, y_s))])
    a, b = np.array(points).T
    swept = ((b[1:] + b[:-1]) / 2 * np.diff(a)).sum()
    hot = [torch.nn.functional.one_hot(y, 6).bool() for y in (y_u, y_s)]
    assert area(u, hot[0], s, hot[1], 3) == pytest.approx(100 * swept, abs=0.2)


def test_eszsl_is_where_its_loss_is_least():
    """The penalised loss of the paper: |X V S' - Y|^2 + g |V S'|^2 + l |X V|^2 + g l |V|^2."""
    drawn = torch.Generator().manual_seed(0)
    x, s = (torch.randn(n, 4, generator=drawn, dtype=torch.float64) for n in (20, 3))
    y = torch.arange(20) % 3
    v = bilinear(x, y, s, 2.0, 0.5).requires_grad_()
    signs = 2 * torch.nn.functional.one_hot(y, 3).double() - 1
    loss = (x @ v @ s.T - signs).square().sum() + 2 * (v @ s.T).square().sum() + 0.5 * (x @ v).square().sum() \
        + v.square().sum()
    assert torch.autograd.grad(loss, v)[0].abs().max() < 1e-8


def test_the_worst_law_agrees_with_the_description_and_no_map_does_better():
    described = np.random.default_rng(0).uniform(0.1, 0.9, (4, 3))
    found, bits = worst(described), patterns(3)
    assert found.law.sum(1) == pytest.approx(1) and found.law @ bits == pytest.approx(described)
    assert found.law.max(0).sum() / 4 == pytest.approx(found.right)           # Bayes' rule under the worst law
    assert found.answers.sum(0) == pytest.approx(1)
    rng = np.random.default_rng(1)
    independent = np.prod(np.where(bits[None], described[:, None], 1 - described[:, None]), 2)
    for share in rng.random(5):
        law = share * independent + (1 - share) * found.law                   # agrees with the description as well
        assert (law * found.answers).sum() / 4 >= found.right - 1e-9


def test_no_law_is_worse_and_the_worst_case_map_keeps_its_promise():
    rng = np.random.default_rng(0)
    described, bits = rng.uniform(0.1, 0.9, (4, 3)), patterns(3)
    answers = np.eye(4)[rng.integers(0, 4, 8)].T
    law = against(answers, described)
    assert law.sum(1) == pytest.approx(1) and law @ bits == pytest.approx(described)
    independent = np.prod(np.where(bits[None], described[:, None], 1 - described[:, None]), 2)
    assert ((law * answers).sum(1) <= (independent * answers).sum(1) + 1e-9).all()
    found = worst(described)
    assert (against(found.answers, described) * found.answers).sum() / 4 == pytest.approx(found.right, abs=1e-6)
    assert (law * answers).sum() / 4 <= found.right + 1e-9                     # no other map promises more


def test_patterns_are_numbered_as_they_are_listed():
    assert answered(torch.from_numpy(patterns(4)).float()).tolist() == list(range(16))


def test_independent_attributes_by_products():
    bits, shares = torch.tensor([[1.0, 0.0, 1.0]]), torch.tensor([[0.5, 0.4, 0.3]])
    assert log_likelihood(bits, shares).exp().item() == pytest.approx(0.5 * 0.6 * 0.3)


def test_middle_of_what_is_believed():
    rng = np.random.default_rng(0)
    p, d = rng.dirichlet(np.ones(3), 5), rng.random((4, 3))
    by_hand = [[sum(p[i, s] * d[c, s] for s in range(3)) for c in range(4)] for i in range(5)]
    assert costs(torch.from_numpy(p), torch.from_numpy(d)).numpy() == pytest.approx(np.array(by_hand))


def test_all_seen_kinds_mixed_is_the_mean_vector():
    p, v = torch.rand(4, 5).softmax(1), torch.randn(5, 3)
    assert torch.allclose(mixed(p, v, 5), p @ v, atol=1e-6)


def test_gamma_is_found_by_trying():
    rng = np.random.default_rng(0)
    a, b = torch.from_numpy(rng.normal(2, 1, 60)), torch.from_numpy(rng.normal(4, 1, 60))
    good = torch.ones(60, dtype=torch.bool)

    def mean(gamma):
        u, s = (a < gamma).double().mean(), (b >= gamma).double().mean()
        return (2 * u * s / (u + s)).item()

    assert mean(best_gamma(a, good, b, good)) == pytest.approx(max(mean(g) for g in np.linspace(0, 6, 601)), abs=1e-6)


def test_spreading_by_an_inverse():
    start, near = torch.rand(6, 3), torch.tensor([[1, 2], [0, 2], [0, 1], [4, 5], [3, 5], [3, 0]])
    w = torch.zeros(6, 6)
    for i, row in enumerate(near.tolist()):
        for j in row:
            w[i, j] += 0.5
            w[j, i] += 0.5
    root = w.sum(1).rsqrt()
    closed = torch.linalg.solve(torch.eye(6) - 0.7 * root[:, None] * w * root, start)
    assert torch.allclose(spread(start, near, 0.7, 200), closed, atol=1e-4)


def test_relations_by_loops():
    drawn = torch.Generator().manual_seed(0)
    mapped, s = torch.randn(5, 3, generator=drawn), torch.randn(5, 4, generator=drawn)
    wanted, found = (torch.nn.functional.cosine_similarity(z[:, None], z[None], dim=2) for z in (s, mapped))
    pairs = [(i, j) for i in range(5) for j in range(5) if i != j]
    alike = [max(0.0, (wanted - found)[pair].item()) for pair in pairs if wanted[pair] >= 0.1]
    others = [max(0.0, found[pair].item() - 0.1) for pair in pairs if wanted[pair] < 0.1]
    assert broken(mapped, wanted, 0.1).item() == pytest.approx(np.mean(alike) + np.mean(others), abs=1e-5)


def test_the_band_of_cosines_by_loops():
    drawn = torch.Generator().manual_seed(0)
    made_means, real = torch.randn(2, 3, generator=drawn), torch.randn(4, 3, generator=drawn)
    wanted, near = torch.tensor([[0.2, 0.5], [0.1, -0.3]]), torch.tensor([[0, 3], [2, 1]])
    for i in range(2):
        away = []
        for j in range(2):
            cos = torch.nn.functional.cosine_similarity(made_means[i], real[near[i, j]], dim=0).item()
            away.append(max(0, cos - wanted[i, j].item() - 0.1)**2 + max(0, wanted[i, j].item() - 0.1 - cos)**2)
        assert outside(made_means, real, wanted, near, 0.1)[i].item() == pytest.approx(np.mean(away), abs=1e-5)


def test_a_linear_critic_has_its_slope_as_penalty():
    critic = torch.nn.Linear(3, 1)
    with torch.no_grad():
        critic.weight.copy_(torch.tensor([[2.0, 0.0, 0.0]]))
    assert penalty(lambda x: critic(x).squeeze(1), torch.randn(5, 3), torch.randn(5, 3)).item() == pytest.approx(1.0)
    assert Critic(5, 4)(torch.randn(6, 3), torch.randn(6, 2)).shape == (6,)


def test_tags_outrank_by_loops():
    scores, tags = torch.tensor([[1.0, -1.0, 0.5, 2.0]]), torch.tensor([[True, False, True, False]])
    pairs = [np.log1p(np.exp(n - p)) for p in (1.0, 0.5) for n in (-1.0, 2.0)]
    assert outranked(scores, tags).item() == pytest.approx(np.mean(pairs), abs=1e-6)


def test_the_smooth_maximum_lies_between_mean_and_maximum():
    s = torch.randn(3, 4, 2)
    assert torch.allclose(smooth_maximum(s, 200.0), s.amax(1), atol=0.02)
    assert torch.allclose(smooth_maximum(s, 1e-3), s.mean(1), atol=0.01)


def test_who_is_told_more_or_answers_by_lot_says_so():
    found = {path.stem: load_method("zero-shot", path.stem.replace("_", "-")) for path in method_files("zero-shot")}
    assert {name for name, cls in found.items() if cls.sees_unseen} == {"idealised_prototypes"}
    assert {name for name, cls in found.items() if cls.by_lot} == {"zsl_bound"}


def test_a_method_learns_something_and_nothing_from_dealt_labels():
    stage = ZeroShot()
    method, true, dealt = load_method("zero-shot", "eszsl"), [], []
    for seed in range(8):
        trial = stage.trial(scale="smoke", seed=seed)
        data = stage.data(trial)
        true.append(stage.score(method(), trial, data)["mrr"])
        shuffled = stage.shuffle_labels(data, torch.Generator().manual_seed(seed))
        dealt.append(stage.score(method(), trial, shuffled)["mrr"])
    assert np.mean(true) > np.mean(dealt)
