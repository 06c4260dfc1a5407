"""The parts of the components arena against arithmetic done another way."""

import math

import pytest
import torch
import torch.nn.functional as F

from methods.arenas.components import arena as stage
from methods.arenas.components import evonorm_b0, filter_response_norm, hyper_connections, online_norm, sla
from methods.arenas.components.ada_tape import AdaTape
from methods.arenas.components.adaptive_gradient_clipping import AdaptiveGradientClipping, clipped
from methods.arenas.components.augerino import Augerino
from methods.arenas.components.batch_renorm import Renorm
from methods.arenas.components.deep_norm import DeepNorm
from methods.arenas.components.fixup import Fixup
from methods.arenas.components.hyper_connections import HyperConnections
from methods.arenas.components.insta_aug import InstaAug
from methods.arenas.components.layer_norm import LayerNorm
from methods.arenas.components.layer_norm_scaling import LayerNormScaling
from methods.arenas.components.nf_resnet import NfResnet, predicted_deviation
from methods.arenas.components.no_normalization import NoNormalization
from methods.arenas.components.post_norm import PostNorm
from methods.arenas.components.rezero import Rezero
from methods.arenas.components.sla import Sla
from methods.arenas.components.stage import _checks as contracts
from methods.arenas.components.stage._checks import SETS, image_net, set_net, text_net
from methods.arenas.components.stage._data import SYMBOLS, _batches, lit_pixels
from methods.arenas.components.stage._measures import WIDEST, _loss, _without_deepest
from methods.arenas.components.umbc import Umbc
from methods.arenas.components.unpadded_bert import UnpaddedBert
from methods.arenas.components.weight_standardization import WeightStandardization
from methods.kit import nets
from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import CheckFailed
from methods.kit.method import Card


@pytest.mark.parametrize("setting", [setting.name for setting in stage.Components.settings])
def test_scores_are_within_their_bounds(setting):
    outcome = Rehearsal(stage.Components, "smoke").outcome(LayerNorm, setting)
    assert 0 <= outcome.scores["accuracy"] <= 100
    assert 0 <= outcome.scores["gradient_spread"] <= WIDEST
    assert outcome.counts["gradients"] == outcome.curve[-1]["step"] >= outcome.scores["steps_to_target"]


class Spoilt(LayerNorm):
    """Does something to the rows of the stream that a check must find."""

    card = Card(title="Spoilt")

    def prepare(self, model):
        model.stem.register_forward_hook(lambda module, inputs, rows: self.spoil(rows))


class MixesRows(Spoilt):
    def spoil(self, rows):
        return rows + rows.mean(0)


class PrefersTheFirst(Spoilt):
    def spoil(self, rows):
        return rows + rows * (torch.arange(len(rows)) == 0).view(-1, *[1] * (rows.dim() - 1))


@pytest.mark.parametrize(("check", "bad", "reason"), [
    (contracts.every_set_is_answered_alone, PrefersTheFirst, "order of its points"),
    (contracts.every_set_is_answered_alone, MixesRows, "the other sets of the batch"),
    (contracts.later_characters_are_not_seen, MixesRows, "characters that come after it"),
    (contracts.every_image_is_answered_alone, MixesRows, "the other images of the batch"),
])
def test_a_network_that_looks_where_it_must_not_is_found_out(check, bad, reason):
    rehearsal = Rehearsal(stage.Components, "smoke")
    check(rehearsal, LayerNorm)
    with pytest.raises(CheckFailed, match=reason):
        check(rehearsal, bad)


def test_checks_leave_the_process_as_it_was():
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    for check in (contracts.every_set_is_answered_alone, contracts.later_characters_are_not_seen,
                  contracts.every_image_is_answered_alone):
        check(Rehearsal(stage.Components, "smoke"), LayerNorm)
    assert torch.equal(torch.get_rng_state(), state) and torch.get_num_threads() == threads


def test_a_set_in_pieces_is_the_mean_of_what_each_was_read_as():
    net = set_net(LayerNorm(), piece=2).eval()
    x = SETS[:1]
    features = [net.embed(net.stem(part)) for part in (x[:, :2], x[:, 2:])]
    torch.testing.assert_close(net(x), net.head((2 * features[0] + features[1]) / 3))
    net.train()
    assert not torch.allclose(net(x), net.eval()(x))


def test_unpadded_rows_give_the_answers_and_gradients_of_padded_ones():
    padded, unpadded = set_net(LayerNorm()), set_net(UnpaddedBert())
    sets = lit_pixels(torch.randn(9, 1, 8, 8), torch.Generator().manual_seed(2))
    sets[3] *= 0                                                               # a set without points
    passed = []
    unpadded.branches[0].register_forward_pre_hook(lambda branch, inputs: passed.append(len(inputs[0])))
    torch.testing.assert_close(padded(sets), unpadded(sets), rtol=1e-4, atol=1e-5)
    assert passed == [int(sets[..., 0].sum())]
    for net in (padded, unpadded):
        net(sets).square().sum().backward()
    for a, b in zip(padded.parameters(), unpadded.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-3, atol=1e-4)


def test_a_moved_image_is_the_image_moved():
    x = torch.rand(1, 1, 8, 8)
    torch.testing.assert_close(nets.moved(x, torch.zeros(1, 3)), x)
    torch.testing.assert_close(nets.moved(x, torch.tensor([[1.0, 0, 0]])), x.rot90(1, (2, 3)), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(nets.moved(x, torch.tensor([[0, 0.5, 0]]))[..., :-1], x[..., 1:], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("method", [Augerino, InstaAug])
def test_ranges_of_moves_learn_from_the_loss_and_answers_are_averaged(method):
    net = image_net(method(lam=0.001))
    slot = method(lam=0.001)
    slot.prepare(image_net(method(lam=0.001)))
    slot.backward(net, torch.rand(4, 1, 8, 8), torch.arange(4))
    assert all(float(p.grad.abs().sum()) > 0 for p in list(net.stem.ranges_of.parameters())[-2:])
    x = torch.rand(3, 1, 8, 8)
    net.eval()
    ranges = net.stem.ranges_of(x)
    shown = [net.head.head(net.embed(net.stem.stem(nets.moved(x, ranges * x.new_tensor(pose))))).softmax(1)
             for pose in nets.MovingStem.POSES]
    torch.testing.assert_close(net(x), torch.stack(shown).mean(0).log())


def test_a_tape_is_read_without_repeats_until_the_weights_are_sure():
    net = set_net(AdaTape(threshold=0.5))
    stem = net.stem
    mean = torch.randn(6, 8)
    tokens, sure = stem.read(mean)
    assert tokens.shape == (6, 4, 8) and (sure >= 0.25).all() and (sure <= 1).all()
    half, bank = 4, stem.norm(stem.bank)
    score = (stem.norm(mean)[:, :half] @ bank[:, :half].T / 2)
    top = score[0].topk(4)
    torch.testing.assert_close(tokens[0, 0], top.values.softmax(0) @ bank[top.indices])
    sets = lit_pixels(torch.randn(6, 1, 8, 8), torch.Generator().manual_seed(2))
    net(sets)
    assert net.layout.there.sum(1).tolist() != sets[..., 0].sum(1).tolist()
    before = net.layout.there[:, -4:].sum(1)
    stem.threshold = 0.1
    net(sets)
    assert (net.layout.there[:, -4:].sum(1) == 1).all() and (before >= 1).all()


@pytest.mark.parametrize("piece", [1, 4, 100])
def test_slots_do_not_know_how_a_set_was_cut(piece):
    sets = lit_pixels(torch.randn(5, 1, 8, 8), torch.Generator().manual_seed(2))
    whole, cut = set_net(Umbc()).eval(), set_net(Umbc(), piece=piece).eval()
    torch.testing.assert_close(whole(sets), cut(sets), rtol=1e-4, atol=1e-5)


def test_the_gradient_through_a_part_of_the_points_is_right_on_average():
    sets = lit_pixels(torch.randn(3, 1, 8, 8), torch.Generator().manual_seed(2))[:, :4]

    def gradient(part, x):
        net = set_net(Umbc(part=part)).double()
        net(x.double()).square().sum().backward()
        return net.stem.value.weight.grad

    parts = [gradient(0.25, sets.roll(turn, 1)) for turn in range(4)]
    torch.testing.assert_close(torch.stack(parts).mean(0), gradient(1.0, sets))
    assert not torch.allclose(parts[0], parts[1], rtol=0.1)


def test_lit_pixels_are_distinct_bright_and_at_most_all_of_them():
    x = torch.randn(20, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    points = lit_pixels(x, torch.Generator().manual_seed(1))
    for image, of in zip(x.flatten(1), points, strict=True):
        there, pixel, bright = of[of[:, 0] > 0].T
        assert len(set(pixel.tolist())) == len(pixel) and (there == 1).all() and (bright > 0).all()
        assert torch.equal(image[pixel.long()], bright) and int(image.argmax()) in pixel.long().tolist()
        assert len(pixel) <= int((image > 0).sum()) and of[of[:, 0] == 0].abs().sum() == 0
    sizes = points[..., 0].sum(1)
    assert sizes.min() < 22 < 26 < sizes.max() and points.shape[1] == sizes.max()


def test_the_commonest_character_is_as_common_as_said():
    arena = stage.Components()
    data = arena.data(arena.trial(setting="language"))
    commonest = torch.bincount(data.targets).argmax()
    share = 100 * float((data.test_targets == commonest).float().mean())
    assert arena.metric("accuracy").chance_at("language") == pytest.approx(share, abs=4)


def test_group_norm_divides_channels_evenly():
    x = torch.randn(4, 6, 3, 3) * 5 + 2
    y = nets.GroupNorm(6, 4)(x)                       # gcd(4, 6) = 2 groups of 3 channels
    grouped = y.reshape(4, 2, -1)
    torch.testing.assert_close(grouped.mean(2), torch.zeros(4, 2), atol=1e-5, rtol=0)
    torch.testing.assert_close(grouped.var(2, correction=0), torch.ones(4, 2), atol=1e-3, rtol=0)
    assert grouped[:, :, :9].mean(2).abs().min() > 1e-4       # a single channel is not centred


def test_layer_norm_is_the_same_by_both_roads():
    x = torch.randn(7, 8)
    torch.testing.assert_close(nets.LayerNorm(8)(x), F.group_norm(x, 1), atol=1e-6, rtol=1e-5)


def test_evonorm_batch_variance_is_that_of_all_values():
    x = torch.randn(5, 3, 4, 4) * torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1)
    layer = evonorm_b0.EvonormLayer(3, momentum=1.0)
    y = layer(x)
    torch.testing.assert_close(layer.variance, x.var(dim=(0, 2, 3), correction=0))
    own = (x.var(dim=(2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
    batch = (x.var(dim=(0, 2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(y, x / torch.maximum(batch, x + own))


def test_filter_response_of_a_token_uses_its_only_position():
    x = torch.tensor([[3.0, -0.01]])
    y = filter_response_norm.FilterResponse(2, eps=1e-4)(x)
    torch.testing.assert_close(y, torch.tensor([[3 / math.sqrt(9 + 1.01e-4), 0.0]]))


def test_batch_renorm_answers_like_its_running_averages_once_open():
    torch.manual_seed(0)
    layer = Renorm(3, r_max=10.0, d_max=10.0, warm=1)
    x = torch.randn(64, 3) * 2 + 1
    for _ in range(2):
        torch.testing.assert_close(layer(x), F.batch_norm(x, None, None, training=True))     # plain at first
    for _ in range(6):
        layer(x)
    mean, variance = layer.mean.clone(), layer.variance.clone()
    expected = (x - mean) / (variance + 1e-5).sqrt()
    torch.testing.assert_close(layer(x), expected, atol=1e-4, rtol=1e-4)


def online_by_hand(layer, x, grad):
    """The recurrences of online normalisation one sample after another: (y, dx)."""
    a, b = layer.decays
    mean, variance = layer.mean.clone(), layer.variance.clone()
    along, offset = layer.along_error.clone(), layer.mean_error.clone()
    ys, dxs = [], []
    for sample, g in zip(x, grad, strict=True):           # (C, P)
        sigma = (variance + 1e-5).sqrt()
        y = (sample - mean[:, None]) / sigma[:, None]
        own = sample.mean(1)
        variance = a * variance + (1 - a) * sample.var(1, correction=0) + a * (1 - a) * (own - mean) ** 2
        mean = a * mean + (1 - a) * own
        g = g - (1 - b) * along[:, None] * y
        along = along + (g * y).mean(1)
        dx = g / sigma[:, None] - (1 - b) * offset[:, None]
        offset = offset + dx.mean(1)
        ys.append(y)
        dxs.append(dx)
    return torch.stack(ys), torch.stack(dxs), (mean, variance, along, offset)


@pytest.mark.parametrize("samples", [1, 2, 7])
def test_online_normalisation_equals_the_loop_over_samples(samples):
    torch.manual_seed(0)
    layer = online_norm.OnlineLayer(3, 0.9, 0.8).double()
    for _ in range(3):                                    # the state carries over from batch to batch
        x, grad = (torch.randn(samples, 3, 4, dtype=torch.double) for _ in range(2))
        x = x * 2 + 1
        expected_y, expected_dx, state = online_by_hand(layer, x, grad)
        x.requires_grad_()
        y = online_norm.Streaming.apply(x, layer)
        y.backward(grad)
        torch.testing.assert_close(y, expected_y)
        torch.testing.assert_close(x.grad, expected_dx)
        for found, hand in zip((layer.mean, layer.variance, layer.along_error, layer.mean_error), state, strict=True):
            torch.testing.assert_close(found, hand)


@pytest.mark.parametrize("streams", [1, 2, 4])
@pytest.mark.parametrize("build", [image_net, text_net])
def test_hyper_connections_start_as_the_ordinary_connection(build, streams):
    x = torch.rand(3, 1, 8, 8) if build is image_net else torch.randint(SYMBOLS, (3, 6))
    plain, hyper = build(LayerNorm()), build(HyperConnections(streams=streams))
    torch.testing.assert_close(hyper(x), plain(x), rtol=1e-3, atol=1e-3)       # the final norm takes the factor n out


def test_hyper_connections_mix_streams():
    block = hyper_connections.HyperBlock(torch.nn.Identity(), torch.nn.Identity(), 1, 0, 2, False, False, False)
    with torch.no_grad():
        block.alpha.copy_(torch.tensor([[1.0, 1.0, 0.0], [2.0, 3.0, 1.0]]))    # rows: from stream; A_m, then A_r
        block.beta.copy_(torch.tensor([[1.0], [10.0]]))
    h = torch.tensor([[[5.0]], [[7.0]]])                                       # (2, 1, 1)
    # branch reads 5 + 2 * 7 = 19; stream 0: 5 + 3 * 7 + 19, stream 1: 7 + 10 * 19
    assert block(h).flatten().tolist() == [45.0, 197.0]


@pytest.mark.parametrize("build", [image_net, text_net])
def test_gated_networks_start_without_branches(build):
    x = torch.rand(3, 1, 8, 8) if build is image_net else torch.randint(SYMBOLS, (3, 6))
    net = build(Rezero())
    with_branches = net(x)
    for branch in net.branches:
        branch.muted = True
    torch.testing.assert_close(net(x), with_branches)


def test_fixup_starts_at_a_uniform_guess():
    assert image_net(Fixup())(torch.rand(3, 1, 8, 8)).abs().max() == 0


def test_deep_norm_shrinks_value_output_and_feed_forward_only():
    plain, deep = text_net(PostNorm()), text_net(DeepNorm())
    ratio = {name: float((b.norm() / a.norm()).detach()) for (name, a), (_, b) in
             zip(plain.named_parameters(), deep.named_parameters(), strict=True) if "branch." in name and a.dim() > 1}
    for name, factor in ratio.items():
        kept = "query" in name or "key" in name
        assert factor == pytest.approx(1.0 if kept else (8 * 2) ** -0.25, rel=1e-4), name


def test_layer_norm_scaling_goes_by_the_layer_of_two_branches():
    method = LayerNormScaling()
    x = torch.randn(5, 8)
    sizes = [float(method.norm(8, nets.Site("outer", i, 8, i // 2 + 1, 4, False))(x).detach().square().mean().sqrt())
             for i in range(8)]
    assert sizes == pytest.approx([1, 1, 2**-0.5, 2**-0.5, 3**-0.5, 3**-0.5, 0.5, 0.5], rel=1e-3)


def test_predicted_deviation_is_the_measured_one():
    net = image_net(NfResnet(alpha=0.5), channels=96, layers=6)
    sizes = []
    with torch.no_grad():
        h = torch.randn(16, 96, 8, 8)
        for block in net.blocks:
            sizes.append(float(h.std()))
            block.branch.gain.fill_(1.0)
            h = block(h)
    assert sizes == pytest.approx([predicted_deviation(i, 0.5) for i in range(6)], rel=0.1)


def test_standardised_weights_stay_so_while_training():
    method = WeightStandardization()
    net = image_net(method)
    optimizer = torch.optim.SGD(net.parameters(), 0.5)
    for _ in range(3):
        optimizer.zero_grad()
        method.backward(net, torch.rand(8, 1, 8, 8), torch.arange(8))
        optimizer.step()
    for branch in net.branches:
        weight = branch.first.weight.detach().flatten(1)
        torch.testing.assert_close(weight.mean(1), torch.zeros(6), atol=1e-5, rtol=0)
        torch.testing.assert_close(weight.var(1, correction=0), torch.ones(6), atol=1e-3, rtol=0)


def test_clipping_bounds_every_unit_but_the_classifier():
    method = AdaptiveGradientClipping(lam=0.001)
    net = image_net(method)
    torch.nn.init.constant_(net.blocks[0].branch.gain, 1.0)
    method.backward(net, torch.rand(8, 1, 8, 8), torch.arange(8))
    for name, weight in net.named_parameters():
        if name != "head.weight":
            units = [(weight.grad, weight)] if weight.squeeze().dim() < 2 else zip(weight.grad, weight, strict=True)
            for unit, of in units:
                assert unit.norm() <= 0.001 * of.detach().norm().clamp(min=1e-3) * 1.001, name
    assert net.head.weight.grad.norm() > 0.001 * net.head.weight.norm()
    assert clipped(torch.zeros(2, 2), torch.ones(2, 2), 0.1).eq(0).all()


def test_joint_labels_are_aggregated_over_turns():
    method = Sla()
    net = image_net(method)
    x = torch.rand(3, 1, 8, 8)
    net.eval()
    together = net(x)
    scores = net.head.joint
    by_hand = torch.zeros(3, 10)
    for turn in range(4):
        features = net.embed(net.stem.stem(x.rot90(turn, (2, 3))))
        by_hand += scores(features).view(3, 10, 4)[:, :, turn] / 4
    torch.testing.assert_close(together, by_hand)
    assert sla.aggregated(torch.zeros(4, 3, 10, 4)).shape == (3, 10)


def test_without_normaliser_the_stream_grows():
    net = image_net(NoNormalization(), channels=64, layers=6)
    h = torch.randn(8, 64, 8, 8)
    first = float(h.var())
    with torch.no_grad():
        for block in net.blocks:
            h = block(h)
    assert float(h.var()) / first > 16


class Explodes(NoNormalization):
    card = NoNormalization.card

    def backward(self, model, x, y):
        super().backward(model, x, y)
        return torch.tensor(math.inf)


class Silent(NoNormalization):
    card = NoNormalization.card

    def backward(self, model, x, y):
        loss = super().backward(model, x, y)
        for p in model.parameters():
            p.grad.zero_()
        return loss


def test_a_diverged_run_is_scored_as_a_uniform_guess():
    arena = stage.Components()
    trial = arena.trial(scale="smoke")
    assert arena.score(Explodes(), trial) == {
        "accuracy": 10.0, "test_loss": pytest.approx(math.log(10)), "steps_to_target": 3.0, "depth_gain": 0.0,
        "gradient_spread": WIDEST, "positions": 64.0}
    assert trial.counts["gradients"] == 1


def test_a_method_whose_loss_explodes_is_found_out():
    rehearsal = Rehearsal(stage.Components, "smoke")
    contracts.trains_to_the_end(rehearsal, NoNormalization)
    with pytest.raises(CheckFailed, match="no longer finite after 0 steps"):
        contracts.trains_to_the_end(rehearsal, Explodes)


def test_a_network_without_any_gradient_has_the_widest_spread():
    arena = stage.Components()
    assert arena.score(Silent(), arena.trial(scale="smoke"))["gradient_spread"] == WIDEST


def test_silencing_is_undone_after_the_test():
    arena = stage.Components()
    trial = arena.trial(scale="smoke")
    data, method = arena.data(trial), NoNormalization()
    net = image_net(method, channels=4, layers=4)
    before = _loss(net, data.test_inputs, data.test_targets)
    assert _without_deepest(net, data) != before
    assert _loss(net, data.test_inputs, data.test_targets) == before


def test_targets_of_text_are_the_next_characters():
    arena = stage.Components()
    trial = arena.trial(setting="language", scale="smoke")
    data = arena.data(trial)
    assert torch.equal(data.inputs[1:], data.targets[:-1])
    windows = data.test_targets.view(data.test_inputs.shape)
    assert torch.equal(data.test_inputs[:, 1:], windows[:, :-1])
    assert 0 <= int(data.inputs.min()) and int(data.inputs.max()) < SYMBOLS
    x, y = next(_batches(data, trial, 1))
    assert torch.equal(x[:, 1:], y.view(x.shape)[:, :-1])


def test_digits_of_training_and_test_are_different_ones():
    arena = stage.Components()
    trial = arena.trial(scale="full")
    data = arena.data(trial)
    seen = {tuple(row) for row in data.inputs.flatten(1).round(decimals=3).tolist()}
    assert len(data.inputs) == 400 and len(data.test_inputs) == 1300
    assert sum(tuple(row) in seen for row in data.test_inputs.flatten(1).round(decimals=3).tolist()) == 0
    assert abs(float(data.test_inputs.mean())) < 0.3
