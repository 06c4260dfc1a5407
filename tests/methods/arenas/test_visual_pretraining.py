"""The arena of unlabelled pictures: what its pictures are, what is paid for, and its losses by hand."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import expit, logsumexp, softmax

from methods.arenas.visual_pretraining.arena import VisualPretraining
from methods.arenas.visual_pretraining.stage._data import GROUPS, tagged
from methods.arenas.visual_pretraining.stage._probe import ridge
from methods.arenas.visual_pretraining.stage.curated import alike
from methods.arenas.visual_pretraining.stage.distilled import (
    Centre,
    agreement,
    crossed,
    partly_hidden,
    per_picture,
    sinkhorn,
    spread,
)
from methods.arenas.visual_pretraining.stage.hard import hardest, order_loss
from methods.arenas.visual_pretraining.stage.losses import hidden_square, nt_xent, standardised, words_loss
from methods.arenas.visual_pretraining.stage.masked import MaskToken, replaced, shares
from methods.arenas.visual_pretraining.stage.masks import rectangles, scattered, shown
from methods.arenas.visual_pretraining.stage.nets import Block, Decoder, Encoder, sines
from methods.arenas.visual_pretraining.stage.predicting import Predictor, drawn_blocks
from methods.arenas.visual_pretraining.stage.task import Task


@pytest.fixture(scope="module")
def stage():
    return VisualPretraining()


def made(stage, setting="default", seed=1):
    trial = stage.trial(scale="smoke", setting=setting, seed=seed)
    data = stage.data(trial)
    return trial, data, Task(data, trial)


def drawn(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape)).float()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_picture_is_in_one_part_only(stage):
    _, data, _ = made(stage)
    parts = [data.x, data.probe_x, data.val_x, data.test_x, data.chosen]
    assert [len(part) for part in parts] == [256, 200, 100, 200, 20]
    assert len(torch.cat(parts).flatten(1).unique(dim=0)) == sum(map(len, parts))


def test_settings_change_what_is_seen(stage):
    _, plain, _ = made(stage)
    _, few, _ = made(stage, "small-data")
    assert torch.equal(few.x, plain.x[:13])
    _, mixed, _ = made(stage, "polluted")
    assert len(mixed.x) == 256 and (mixed.y < 0).sum() == 256 - 84
    assert torch.equal(mixed.test_x, plain.test_x) and mixed.tags[mixed.y < 0].mean() < 0.2
    _, styled, _ = made(stage, "new-style")
    assert not torch.equal(styled.test_x, plain.test_x) and torch.equal(styled.test_y, plain.test_y)
    _, _, task = made(stage, "sizes")
    assert task.widths == (16, 32)


def test_words_are_noisy():
    y = torch.arange(10).repeat(2000)
    tags, own = tagged(y, generator()), F.one_hot(torch.tensor(GROUPS)[y], 4).bool()
    assert abs(tags[own].mean() - 0.8) < 0.01 and abs(tags[~own].mean() - 0.1) < 0.01
    assert tagged(torch.full((2000,), -1), generator()).mean() < 0.12


def test_masks():
    hidden = scattered(5, 16, 0.75, generator())
    assert (hidden.sum(1) == 12).all() and shown(hidden).shape == (5, 4)
    assert not hidden.gather(1, shown(hidden)).any()
    share = torch.tensor([0.2, 0.5, 0.7])
    covered = rectangles(share, 4, 2, generator()).float().mean(1)
    assert (covered >= share).all() and (covered < share + 0.25).all()
    part = partly_hidden(4000, 16, generator()).float().mean(1)
    assert abs((part > 0).float().mean() - 0.5) < 0.03 and part.max() <= 0.5
    squares, left = drawn_blocks(4, generator())
    assert squares.shape == (4, 4) and not np.intersect1d(squares, left).size and len(left) >= 4


def test_keys_decide_who_is_heard():
    block, tokens = Block(32).eval(), drawn(2, 6, 32)
    keys = torch.tensor([True, True, False, True, False, False]).expand(2, -1)
    before = block(tokens, keys)
    tokens[:, 2] += 1
    after = block(tokens, keys)
    assert torch.allclose(before[:, [0, 1, 3, 4, 5]], after[:, [0, 1, 3, 4, 5]], atol=1e-6)
    assert not torch.allclose(before[:, 2], after[:, 2])


def test_the_encoder_sees_the_shown_places_alone():
    encoder = Encoder(8, 4, 16, 2, 0.3, 0.4)
    patches, at = drawn(3, 16, 4), shown(scattered(3, 16, 0.75, generator()))
    before = encoder.tokens(patches, at)
    other = torch.ones_like(patches).scatter(1, at[:, :, None].expand(-1, -1, 4),
                                             patches.gather(1, at[:, :, None].expand(-1, -1, 4)))
    assert torch.allclose(before, encoder.tokens(other, at)) and encoder.paid == 6
    x = torch.rand(2, 1, 8, 8)
    assert torch.allclose(encoder.patches(x)[1, 6], (x[1, 0, 2:4, 4:6].flatten() - 0.3) / 0.4)
    assert sines(4, 16).unique(dim=0).shape == (16, 16)


def test_the_decoder_puts_tokens_in_their_places():
    encoder = Encoder(8, 4, 32, 1, 0.0, 1.0)
    decoder = Decoder(encoder, 3, blocks=0)
    tokens, at = drawn(2, 2, 32), torch.tensor([[1, 5], [0, 15]])
    said = decoder(tokens, at)
    assert torch.allclose(said[1, 15], decoder.say(decoder.into(tokens[1, 1]) + decoder.place[15]), atol=1e-6)
    assert torch.allclose(said[0, 0], decoder.say(decoder.token + decoder.place[0]), atol=1e-6)


def test_reconstruction_counts_hidden_patches():
    said, patches, hidden = drawn(3, 16, 5), drawn(3, 16, 5, seed=1), scattered(3, 16, 0.75, generator())
    p, s, h = patches.double().numpy(), said.double().numpy(), hidden.numpy()
    target = (p - p.mean(2, keepdims=True)) / np.sqrt(p.var(2, ddof=1, keepdims=True) + 1e-6)
    assert hidden_square(said, standardised(patches), hidden).item() == pytest.approx(
        np.mean([((s[i, t] - target[i, t])**2).mean() for i, t in zip(*np.nonzero(h), strict=True)]), rel=1e-4)


def test_the_order_of_errors():
    said, errors = drawn(2, 4), drawn(2, 4, seed=1)
    values = [-np.log(expit(p[i] - p[j]) if e[i] > e[j] else 1 - expit(p[i] - p[j]))
              for p, e in zip(said.double().numpy(), errors.numpy(), strict=True)
              for i in range(4) for j in range(4) if e[i] != e[j]]
    assert order_loss(said, errors).item() == pytest.approx(np.mean(values), rel=1e-5)
    where = hardest(torch.tensor([[0.1, 0.9, 0.5, 0.2]]), torch.tensor([[0.8, 0.1, 0.2, 0.3]]), 0, 3)
    assert where.tolist() == [[True, False, True, True]]


def test_agreement_with_a_slow_copy():
    target, logits = torch.from_numpy(softmax(drawn(6, 5).double().numpy(), 1)), drawn(6, 5, seed=1).double()
    log_p = logits.numpy() / 0.1 - logsumexp(logits.numpy() / 0.1, 1, keepdims=True)
    swapped = np.concatenate([target.numpy()[3:], target.numpy()[:3]])
    assert crossed(target, logits).item() == pytest.approx(-(swapped * log_p).sum(1).mean())
    hidden = torch.tensor([[1, 0], [1, 1], [0, 0]], dtype=torch.bool)
    values = agreement(target, logits).view(3, 2)
    v = values.numpy()
    assert per_picture(values, hidden).item() == pytest.approx((v[0, 0] + v[1].mean()) / 3)
    centre = Centre(5)
    assert torch.allclose(centre(logits.float(), 0.04), (logits.float() / 0.04).softmax(1))
    assert torch.allclose(centre.mean, 0.1 * logits.float().mean(0), atol=1e-6)


def test_balanced_shares():
    share = sinkhorn(drawn(12, 4) / 10, 0.05, rounds=100)
    assert torch.allclose(share.sum(1), torch.ones(12), atol=1e-5)
    assert torch.allclose(share.sum(0), torch.full((4,), 3.0), atol=1e-3)


def test_features_spread():
    z = drawn(7, 3).double()
    unit = (z / z.norm(dim=1, keepdim=True)).numpy()
    nearest = [min(np.linalg.norm(unit[i] - unit[j]) for j in range(7) if j != i) for i in range(7)]
    assert spread(z).item() == pytest.approx(-np.log(nearest).mean(), rel=1e-6)


def test_contrast_among_views():
    z = drawn(6, 4).double().numpy()
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    s, other = unit @ unit.T / 0.3, [3, 4, 5, 0, 1, 2]
    expected = np.mean([logsumexp(np.delete(s[i], i)) - s[i, other[i]] for i in range(6)])
    assert nt_xent(torch.tensor(z[:3]), torch.tensor(z[3:]), 0.3).item() == pytest.approx(expected)


def test_words_share_the_loss():
    logits, words = drawn(2, 3), torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    log_p = logits.double().numpy() - logsumexp(logits.double().numpy(), 1, keepdims=True)
    assert words_loss(logits, words).item() == pytest.approx(-(log_p[0, 0] + log_p[0, 2]) / 2 / 2, rel=1e-5)


def test_what_replaces_patches():
    share, alien = shares(20_000, 0.75, 0.3, generator())
    assert abs(alien.float().mean() - 0.5) < 0.02 and torch.allclose(share[alien], torch.tensor(0.3))
    assert 0.5 <= share[~alien].min() and share.max() <= 0.75
    patches, noise, where = drawn(3, 4, 2), drawn(3, 4, 2, seed=1), torch.rand(3, 4) < 0.5
    out = replaced(patches, noise, where, torch.tensor([True, False, True]))
    assert torch.equal(out[~where], patches[~where]) and torch.equal(out[1, where[1]], noise[1, where[1]])
    assert torch.equal(out[2, where[2]], patches[0, where[2]])


def test_hidden_patches_are_not_seen():
    encoder = Encoder(8, 4, 16, 1, 0.0, 1.0)
    hide, hidden = MaskToken(encoder), scattered(2, 16, 0.6, generator())
    patches = drawn(2, 16, 4)
    other = torch.where(hidden[:, :, None], patches + 5, patches)
    assert torch.allclose(hide(encoder, patches, hidden), hide(encoder, other, hidden))


def test_noise_goes_through_the_layer_of_the_context():
    encoder = Encoder(8, 4, 32, 1, 0.0, 1.0)
    predictor = Predictor(encoder)
    context, at, noise = drawn(2, 3, 32), torch.tensor([0, 1, 2]), drawn(2, 2, 32, seed=1)
    wanted = torch.tensor([[6, 7], [8, 9]])
    through = noise @ predictor.into.weight.T + predictor.into.bias
    said = predictor(context, at, wanted, shift=through)
    assert torch.allclose(predictor(context, at, wanted, noise), said, atol=1e-6)
    moved = predictor(context.flip(1), at.flip(0), wanted)
    assert torch.allclose(moved, predictor(context, at, wanted), atol=1e-5)


def test_curation_leaves_out_what_is_unlike(stage):
    _, data, _ = made(stage)
    noise = torch.rand(100, 1, 8, 8, generator=generator())
    rows = alike(torch.cat([data.x, noise]), data.probe_x[:100])
    assert (rows < 256).sum() > 200 and (rows >= 256).sum() < 20


def test_ridge_is_least_squares():
    x, y, asked = drawn(50, 4), drawn(50, 2, seed=1), drawn(5, 4, seed=2)
    z = ((x - x.mean(0)) / x.std(0)).double().numpy()
    w = np.linalg.solve(z.T @ z + 0.5 * np.eye(4), z.T @ (y - y.mean(0)).double().numpy())
    said = ((asked - x.mean(0)) / x.std(0)).double().numpy() @ w + y.double().mean(0).numpy()
    assert np.allclose(ridge(x, y, asked).numpy(), said, atol=1e-4)


def test_sizes_share_the_budget(stage):
    trial, _, _ = made(stage, "sizes")
    seen = []

    class Watched(VisualPretraining.slot):
        def fit(self, task):
            seen.append((task.width, task.budget))
            return task.encoder()

    stage.run(Watched(), stage.data(trial), trial)
    assert seen == [(16, 64.0), (32, 64.0)]
