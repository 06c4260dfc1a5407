"""The parameter-efficient arena: its splits, its budget, its pretraining, and where methods start from."""

import numpy as np
import pytest
import torch
from torch import nn

from methods.arenas.peft import arena as stage
from methods.arenas.peft import dsee, fedpipe, hra, melora, oft, qgoft
from methods.arenas.peft.linear_probe import LinearProbe
from methods.arenas.peft.lora import Lora
from methods.arenas.peft.stage import _checks
from methods.arenas.peft.stage import _source as peft_source
from methods.arenas.peft.stage import stages as peft_stages
from methods.arenas.peft.stage.examples import plain
from methods.kit import adapters
from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import CheckFailed


def trial_and_data(setting="default", seed=0):
    trial = stage.Peft().trial(setting=setting, scale="smoke", seed=seed)
    return trial, stage.Peft().data(trial)


def started(data, options, seed=0):
    return stage.start(data, options, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("setting", ["default", "sentences"])
def test_splits_share_no_picture(setting):
    _, data = trial_and_data(setting)
    parts = [part.reshape(len(part), -1) for part in (data.train.x, data.val.x, data.test.x, data.pool)]
    rows = [{tuple(row) for row in part.tolist()} for part in parts]
    for i, ours in enumerate(rows):
        assert all(not ours & theirs for theirs in rows[i + 1:])


def test_classes_are_balanced():
    _, data = trial_and_data()
    assert data.train.y.bincount().tolist() == [6] * 10
    assert data.test.y.bincount().tolist() == [8] * 10


def test_the_second_question_asks_for_the_drawer_of_two_kinds():
    options = stage.Peft().trial(setting="unseen-pairs", scale="smoke").options
    x, y = torch.zeros(400, 1, 8, 8), torch.arange(400) % 10
    found = peft_source.seen_as(x, y, options, torch.Generator().manual_seed(0), torch.Generator())
    asked = found.question == 1
    assert 100 < asked.sum() < 300
    assert torch.equal(found.y[asked], y[asked] // 2) and torch.equal(found.y[~asked], y[~asked])


def test_unseen_pairs_are_never_trained():
    _, data = trial_and_data("unseen-pairs")
    def pairs(part):
        return set(zip(part.look.tolist(), part.question.tolist(), strict=True))

    assert pairs(data.test) == set(peft_source.UNSEEN)
    assert not pairs(data.train) & pairs(data.test) and not pairs(data.val) & pairs(data.test)


def test_permutation_keeps_every_patch_s_pixels():
    x = torch.arange(2 * 64.0).view(2, 1, 8, 8)
    dealt = peft_source.permuted(x, 4, torch.Generator().manual_seed(0))
    stem = adapters.PatchStem(4, 3)
    assert not torch.equal(dealt, x)
    torch.testing.assert_close(stem.patches(dealt).sort(2).values, stem.patches(x).sort(2).values)


def test_pretraining_is_deterministic_and_leaves_the_global_generator_alone():
    sizes = stage.sizes_of(stage.Peft().trial(scale="smoke").options)._replace(pretrain=3)
    before = torch.get_rng_state()
    first = peft_source.pretrain(sizes, "doodles")
    torch.rand(3)
    again = peft_source.pretrain(sizes, "doodles")
    assert all(np.array_equal(first[name], again[name]) for name in first)
    torch.set_rng_state(before)
    peft_source.pretrain(sizes, "doodles")
    assert torch.equal(torch.get_rng_state(), before)
    assert peft_source.pretrain(sizes, "programs").keys() == peft_source.pretrain(sizes, "programs").keys()


def test_pretraining_helps():
    trial, data = trial_and_data()
    net = stage.build(stage.sizes_of(trial.options), "doodles")
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in data.state.items()})
    with torch.no_grad():
        loss = nn.functional.cross_entropy(net(data.source.x), data.source.y)
    assert float(loss) < np.log(10)


class Spy(Lora):
    card = Lora.card
    seen = ()

    def features(self, net, batch):
        if not net.training:
            type(self).seen = (*self.seen, batch.y)
        return super().features(net, batch)


def test_labels_of_a_test_are_hidden():
    arena = stage.Peft()
    arena.score(Spy(), arena.trial(scale="smoke"))
    assert Spy.seen and all(not y.any() for y in Spy.seen)


def test_accuracy_by_hand():
    class Known(LinearProbe):
        card = LinearProbe.card

        def logits(self, net, batch):
            return batch.x.flatten(1)

    part = plain(torch.tensor([[[[0.0, 1.0]]], [[[2.0, 1.0]]]]), torch.tensor([1, 1]))
    accuracy, loss = stage._scores(Known(), nn.Identity(), part)
    assert accuracy == 50.0
    assert loss == pytest.approx((np.log(1 + np.exp(-1)) + np.log(1 + np.exp(1))) / 2)


def test_linear_probe_forgets_nothing():
    arena = stage.Peft()
    trial, data = trial_and_data()
    net = stage.build(stage.sizes_of(trial.options), "doodles")
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in data.state.items()})
    with torch.no_grad():
        before = 100 * float((net(data.source.x).argmax(1) == data.source.y).float().mean())
    assert arena.score(LinearProbe(), trial, data)["source_accuracy"] == pytest.approx(before)


def test_shuffling_keeps_the_test():
    arena = stage.Peft()
    _, data = trial_and_data()
    shuffled = arena.shuffle_labels(data, torch.Generator().manual_seed(0))
    assert not torch.equal(shuffled.train.y, data.train.y) and torch.equal(shuffled.test.y, data.test.y)


@pytest.mark.parametrize("length", [0, 3])
def test_text_does_not_see_what_comes(length):
    torch.manual_seed(0)
    attention = adapters.Attention(8, 2, causal=True)
    attention.prefix = adapters.Prefix(length, 8) if length else None
    x = torch.randn(2, 5, 8)
    changed = x.clone()
    changed[:, 3:] += 1
    torch.testing.assert_close(attention(x)[:, :3], attention(changed)[:, :3])


def test_reflections_and_rotations_keep_lengths():
    torch.manual_seed(0)
    linear = nn.Linear(8, 8)
    mirrored = hra.Mirrored(linear, 4, strict=True)
    nn.init.normal_(mirrored.u)
    turned = oft.Turned(linear, 4)
    nn.init.normal_(turned.angles)
    for layer in (mirrored, turned):
        torch.testing.assert_close(layer.weight() @ layer.weight().T, linear.weight @ linear.weight.T,
                                   rtol=1e-4, atol=1e-4)
    rotated = qgoft.Rotated(linear, relaxed=False)
    nn.init.normal_(rotated.turns)
    x = torch.randn(3, 8)
    angles = x
    for i, blocks in enumerate(rotated.blocks().split(rotated.sizes)):
        angles = qgoft.turn_pairs(angles, blocks, 2**i)
    torch.testing.assert_close(angles.norm(dim=1), x.norm(dim=1))
    torch.testing.assert_close(rotated(x), linear(angles))


def test_rotations_of_pairs_against_matrices():
    blocks, x = torch.randn(2, 2, 2), torch.randn(3, 5)
    by_hand = x.clone()
    for block, (i, j) in zip(blocks, [(0, 1), (2, 3)], strict=True):
        by_hand[:, [i, j]] = x[:, [i, j]] @ block.T
    torch.testing.assert_close(qgoft.turn_pairs(x, blocks, 1), by_hand)


def test_slices_are_a_block_diagonal_change():
    layer = melora.Sliced(nn.Linear(4, 6), r=2, n=2, scale=0.5)
    nn.init.normal_(layer.b)
    change = torch.block_diag(*(layer.b[i] @ layer.a[i] for i in range(2)))
    x = torch.randn(3, 4)
    torch.testing.assert_close(layer.change(x), 0.5 * x @ change.T)


class Watched(dsee.Dsee):
    card = dsee.Dsee.card
    kept = ()

    def adapt(self, net, task):
        super().adapt(net, task)
        type(self).kept = self.layers


def test_dropped_weights_stay_zero():
    arena = stage.Peft()
    arena.score(Watched(sparsity=0.75, when=0.0), arena.trial(scale="smoke"))
    assert Watched.kept
    for layer in Watched.kept:
        assert float((layer.mask == 0).float().mean()) == pytest.approx(0.75, abs=0.01)


def test_a_server_averages_changes_not_factors():
    torch.manual_seed(0)
    layer, head = peft_stages.ClientLowRank(nn.Linear(6, 6), 6, 1.0), nn.Linear(2, 2)
    federation = peft_stages.Federation([layer], head, [0.5, 0.5], 1)
    sent = []
    for _ in range(2):
        federation.next_step(lambda client: None)
        with torch.no_grad():
            layer.a.normal_(), layer.b.normal_()
        sent.append(layer.change().detach())
    federation.next_step(lambda client: None)
    torch.testing.assert_close(layer.change(), (sent[0] + sent[1]) / 2, rtol=1e-4, atol=1e-4)
    assert fedpipe.quantised(torch.tensor([[1.0, -1.0]]), 4).tolist() == [[1.0, -1.0]]


def failed(check, method, *settings):
    """What the arena's check says of a method that was run in the main setting and these; "" when it holds."""
    rehearsal = Rehearsal(stage.Peft, "smoke")
    for setting in ("default", *settings):
        rehearsal.outcome(method, setting)
    try:
        check(rehearsal, method)
    except CheckFailed as error:
        return str(error)
    return ""


class Spendthrift(Lora):
    def loss(self, net, task):
        for _ in range(5):                         # the last step pays for six batches
            super().loss(net, task)
        return super().loss(net, task)


class Miser(Lora):
    def advance(self, net, task):
        task.spent += 0 if task.progress < 0.5 else task.budget


class Wide(Lora):
    def adapt(self, net, task):
        stage.free(net.parameters())


class Shaken(Lora):
    def adapt(self, net, task):
        super().adapt(net, task)
        with torch.no_grad():
            net.norm.weight.mul_(1.5)


class Foresight(Lora):
    def features(self, net, batch):
        out = super().features(net, batch)
        if batch.x.dim() != 2:
            return out
        shape = (*batch.x.shape[:2], -1)
        return (out.view(shape) + batch.x.float().mean(1)[:, None, None]).flatten(0, 1)


class Blind(Lora):
    def features(self, net, batch):
        return 0 * super().features(net, batch)


@pytest.mark.parametrize(("check", "method", "message"), [
    (_checks.spends_its_budget, Spendthrift, "it spends"),
    (_checks.spends_its_budget, Miser, "it spends"),
    (_checks.stays_within_the_allowance, Wide, "10240 are allowed"),
    (_checks.starts_from_the_pretrained_model, Shaken, "not those of the pretrained model"),
    (_checks.sees_no_symbol_to_come, Foresight, "depends on the symbols after it"),
    (_checks.sees_no_symbol_to_come, Blind, "does not depend on the symbol"),
])
def test_a_method_that_breaks_the_contract_is_caught(check, method, message):
    assert message in failed(check, method)
    assert failed(check, Lora) == ""


def test_every_setting_s_budget_is_looked_at():
    class OnlyThere(Spendthrift):
        def loss(self, net, task):
            return super().loss(net, task) if len(task.train.x) > 100 else Lora.loss(self, net, task)

    assert failed(_checks.spends_its_budget, OnlyThere) == ""
    assert "in setting many-labels" in failed(_checks.spends_its_budget, OnlyThere, "many-labels")
