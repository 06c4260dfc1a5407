"""The arena of what to learn before few drawings: its episodes, its score of the unknown, and parts by other means."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from methods.arenas.few_shot_pretraining.arena import FewShotPretraining
from methods.arenas.few_shot_pretraining.proto_transfer import ProtoTransfer, linear_of
from methods.arenas.few_shot_pretraining.stage._scores import auroc
from methods.arenas.few_shot_pretraining.stage.adapted import PATHS, Supernet, adapted
from methods.arenas.few_shot_pretraining.stage.domains import centre_pull
from methods.arenas.few_shot_pretraining.stage.task import Asked
from methods.kit.stage.encoders import strided_encoder


@pytest.mark.parametrize(("setting", "shots"), [("default", 5), ("one-shot", 1), ("open-set", 5)])
def test_no_drawing_is_given_and_asked(setting, shots):
    stage = FewShotPretraining()
    data = stage.data(stage.trial(scale="smoke", setting=setting, seed=1))
    for support, query, y in zip(data.test.support, data.test.query, data.test.y, strict=True):
        assert support.shape[1] == shots and len(torch.cat([support.flatten(), query]).unique()) == (
            support.numel() + len(query))
        assert ((y == -1).any()) == (setting == "open-set")


def test_auroc_is_that_of_scikit_learn():
    score = torch.tensor(np.random.default_rng(0).integers(0, 6, (3, 40)) / 6)
    unknown = torch.arange(40).expand(3, -1) % 3 == 0
    theirs = [roc_auc_score(u, s) for u, s in zip(unknown, score, strict=True)]
    assert auroc(score, unknown) == pytest.approx(theirs)


def test_without_tuning_the_linear_layer_is_the_nearest_mean():
    support, query = torch.rand(2, 3, 4, 5), torch.rand(2, 6, 5)
    means = support.mean(2)
    w, b = linear_of(means)
    near = -torch.cdist(query, means).square()
    logits = query @ w.transpose(1, 2) + b[:, None]
    assert torch.allclose(logits - query.square().sum(2, keepdim=True), near, atol=1e-5)
    assert torch.allclose(ProtoTransfer(epochs=0).classify(Asked(support, query), None), logits, atol=1e-6)


def test_tuning_lowers_the_loss_on_the_given_drawings():
    support = torch.rand(1, 3, 4, 5)
    asked = Asked(support, support.flatten(1, 2))
    y = torch.arange(3).repeat_interleave(4)
    before, after = (torch.nn.functional.cross_entropy(ProtoTransfer(epochs=n).classify(asked, None)[0], y)
                     for n in (0, 50))
    assert after < before


def test_kinds_are_pulled_apart_by_loops():
    rng = np.random.default_rng(0)
    means, known, unknown = rng.normal(size=(3, 2)), rng.normal(size=(3, 4, 2)), rng.normal(size=(5, 2))
    found = []
    for c in range(3):
        others = np.concatenate([known[k] for k in range(3) if k != c] + [unknown])
        found.append(((means[c] - known[c]) ** 2).mean() - ((means[c] - others) ** 2).mean())
    hand = max(0.0, np.mean(found) + 2.0)
    assert centre_pull(*map(torch.tensor, (means, known, unknown)), 2.0).item() == pytest.approx(hand)


def test_an_untouched_path_is_the_encoder_and_adapting_lowers_the_loss():
    torch.manual_seed(0)
    encoder = strided_encoder(8, 4, 16).eval()
    net, x = Supernet(encoder).eval(), torch.rand(3, 2, 1, 8, 8)
    flat = x.flatten(0, 1)
    assert all(torch.allclose(net(flat, path), encoder(flat), atol=1e-6) for path in (PATHS[0], (1, 2, 3, 1)))
    weights, fixed = adapted(net, PATHS[0], x, 1.0)
    moved, after = adapted(net, PATHS[-1], x, 1.0)
    assert after < fixed and all(torch.equal(a, b) for a, b in zip(weights, [*net.adapters, *net.tuned], strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(moved, weights, strict=True))
