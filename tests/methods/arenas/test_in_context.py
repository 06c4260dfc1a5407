"""The arena of demonstrations: what a run holds, what the model sees, and the methods' equations by other ways."""

import itertools

import pytest
import torch

from methods.arenas.in_context.arena import InContext, InContextMethod
from methods.arenas.in_context.clean_coverage import held
from methods.arenas.in_context.invariant_select import contrast
from methods.arenas.in_context.prior_matching import matched
from methods.arenas.in_context.ricl import solved
from methods.arenas.in_context.stage.bandit import Surrogates, transport
from methods.arenas.in_context.stage.nets import Reader, sees
from methods.arenas.in_context.stage.selection import greedy_cover, rarity, token_cover
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Card


def made(setting="default", seed=1):
    stage = InContext()
    trial = stage.trial(scale="smoke", setting=setting, seed=seed)
    return stage, trial, stage.data(trial)


def test_right_demonstrations_follow_the_dictionary_of_their_task_and_no_other():
    _, _, data = made()
    for e in range(3):
        words, answers = data.test.words[e].flatten().tolist(), data.test.answers[e].flatten().tolist()
        meanings = dict(zip(words, answers, strict=True))
        rows = data.pool.right[e]
        pairs = zip(data.pool.words[e][rows].flatten().tolist(), data.pool.targets[e][rows].flatten().tolist(),
                    strict=True)
        assert all(meanings.get(word, target) == target for word, target in pairs)
        assert len(set(meanings.values())) == len(meanings)


def test_only_the_style_of_questions_shifts():
    (_, _, plain), (_, _, shifted) = made(), made("shift")
    assert torch.equal(plain.test.words, shifted.test.words)
    assert set(shifted.pool.styles.unique().tolist()) <= {0, 1, 2}
    width = plain.model.width
    assert torch.allclose(plain.test.features.norm(dim=2), torch.ones(3, 6), atol=1e-5)
    assert shifted.test.features.shape[2] == 2 * width


def test_pairs_do_not_see_the_question_and_blocks_do_not_see_each_other():
    mask = sees(4, 2, 3, 2)
    assert not mask[:8, 8:].any()
    assert mask[8:].all()
    assert mask[:4, :4].all()
    assert not mask[:4, 4:8].any()


def test_a_weight_of_one_changes_nothing_and_the_last_shown_is_always_slot_zero():
    torch.manual_seed(0)
    net = Reader(10, 8, 1, 4)
    source, target, asked = torch.randint(10, (2, 3, 3)), torch.randint(10, (2, 3, 3)), torch.randint(10, (2, 5))
    plain = net(source, target, asked)
    assert torch.allclose(plain, net(source, target, asked, weights=torch.ones(2, 3)))
    by_hand = net.source(source[:, -1:]) + net.target(target[:, -1:]) + net.slot(torch.tensor([0]))
    first = net.layers[0].before(by_hand).shape
    assert first == (2, 1, 3, 8)
    assert not torch.allclose(plain, net(source.flip(1), target.flip(1), asked))


def test_greedy_cover_is_as_good_as_sets_allow_for_two():
    torch.manual_seed(0)
    cover, w = torch.rand(1, 1, 6, 4), torch.rand(1, 1, 4)

    def worth(rows):
        return (w[0, 0] * cover[0, 0, list(rows)].amax(0)).sum().item()

    chosen = greedy_cover(cover, w, 2)[0, 0].tolist()
    assert worth(chosen[:1]) == pytest.approx(max(worth([i]) for i in range(6)))
    assert worth(chosen) == pytest.approx(max(worth([chosen[0], i]) for i in range(6)))
    assert worth(chosen) >= (1 - 1 / 2.72) * max(map(worth, itertools.combinations(range(6), 2)))


def test_token_cover_and_rarity_are_those_of_loops():
    torch.manual_seed(0)
    x, z = torch.randn(1, 2, 3, 4), torch.randn(1, 2, 2, 4)
    found = token_cover(x, z)
    for q, p, i in itertools.product(range(2), range(2), range(3)):
        best = max(torch.cosine_similarity(x[0, q, i], z[0, p, j], 0).item() for j in range(2))
        assert found[0, q, p, i].item() == pytest.approx(best, abs=1e-5)
    pool = torch.tensor([[[0, 1], [0, 2], [0, 3]]])
    assert rarity(torch.tensor([[[0, 1, 4]]]), pool, 5)[0, 0].tolist() == pytest.approx([0.0, 0.6931, 1.3863], abs=1e-3)


def test_prior_matching_makes_answers_uniform_without_turning_two_questions_round():
    torch.manual_seed(0)
    logits = torch.randn(50, 5) + torch.tensor([3.0, 0.0, 0.0, 0.0, -2.0])
    out = matched(logits, 500)
    assert torch.allclose(out.softmax(1).mean(0), torch.full((5,), 0.2), atol=1e-4)
    moved = (out - logits.log_softmax(1))
    assert torch.allclose(moved, moved[:1].expand_as(moved), atol=1e-4)                 # one factor a word, for all


def test_the_bandits_gradients_are_autograds():
    torch.manual_seed(0)
    z = torch.randn(1, 1, 3)
    nets = Surrogates(1, 3, 4, 1.0, z)
    by_a, by_b = torch.autograd.grad(nets.mean(z).sum(), (nets.a, nets.b))
    assert torch.allclose(nets.gradients(z)[0, 0], torch.cat([by_a.flatten(), by_b.flatten()]), atol=1e-6)
    before = nets.bound(z, 1.0) - nets.bound(z, 0.0)
    nets.note(z[:, 0])
    assert (nets.bound(z, 1.0) - nets.bound(z, 0.0)) < before


def test_transport_of_one_thing_is_the_mean_cost():
    assert transport(torch.tensor([[1.0, 3.0]])).item() == pytest.approx(2.0, abs=1e-4)


def test_linear_weights_are_the_ridge_solution():
    torch.manual_seed(0)
    j, y = torch.randn(1, 20, 3), torch.randn(1, 20)
    stacked = torch.linalg.lstsq(torch.cat([j[0], torch.eye(3)]), torch.cat([y[0], torch.zeros(3)])[:, None]).solution
    assert torch.allclose(solved(j, y, 1.0)[0], stacked[:, 0], atol=1e-4)


def test_contrast_counts_partners_of_other_styles_alone():
    z = torch.eye(3)[[0, 0, 1, 2]]
    topics, styles = torch.tensor([0, 0, 0, 1]), torch.tensor([0, 0, 1, 0])
    e = torch.e
    expected = (2 * torch.log(torch.tensor((e + 2) / 1)) + torch.log(torch.tensor(3.0))).item() / 3
    assert contrast(z, topics, styles, 1.0).item() == pytest.approx(expected, abs=1e-4)


def test_who_shows_too_many_is_refused():
    class Many(InContextMethod):
        """Shows all."""

        card = Card(title="Many")

        def one(self, task):
            return Prompts(torch.arange(20).expand(3, 20))

    stage, trial, data = made()
    with pytest.raises(ValueError, match="are allowed"):
        stage.run(Many(), data, trial)


def test_held_needs_a_right_demonstration():
    words, pool = torch.tensor([[[1, 2]]]), torch.tensor([[[1, 5], [2, 5]]])
    assert held(words, pool, torch.tensor([[True, False]]))[0, 0].tolist() == [[1.0, 0.0], [0.0, 0.0]]
