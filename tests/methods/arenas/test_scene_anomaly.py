"""Equations of the arena of scenes against computations that share no code with it."""

import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import roc_auc_score

from methods.arenas.scene_anomaly.arena import auroc
from methods.arenas.scene_anomaly.stage.predictor import descend, errors


@pytest.fixture
def drawn():
    return torch.Generator().manual_seed(0)


def loss(weights, clips):
    """The mean error of one scene's clips (N, 2, H, W)."""
    h = F.conv2d(F.pad(clips[:, :1], (2,) * 4, mode="circular"), weights[0]).relu()
    then = clips[:, 1:]
    left = F.conv2d(F.pad(h, (2,) * 4, mode="circular"), weights[1]) - then
    return (100 * left.square().mean((1, 2, 3)) / then.square().mean((1, 2, 3))).mean()


def test_scenes_do_not_see_each_other(drawn):
    weights = [torch.randn(3, 1, 5, 5, generator=drawn).requires_grad_(),
               torch.randn(1, 3, 5, 5, generator=drawn).requires_grad_()]
    clips = torch.rand(2, 4, 2, 6, 6, generator=drawn)
    assert errors(weights, clips).mean(1).tolist() == pytest.approx([float(loss(weights, c).detach()) for c in clips],
                                                                    rel=1e-4)
    own = descend(weights, clips, 1, 1e-5)
    for s in range(2):
        grads = torch.autograd.grad(loss(weights, clips[s]), weights)
        for found, w, g in zip(own, weights, grads, strict=True):
            assert found[s].detach().numpy() == pytest.approx((w - 1e-5 * g).detach().numpy(), rel=1e-3, abs=1e-5)


def test_training_flows_through_the_step(drawn):
    weights = [torch.randn(2, 1, 5, 5, generator=drawn).mul(0.1).requires_grad_(),
               torch.randn(1, 2, 5, 5, generator=drawn).mul(0.1).requires_grad_()]
    clips = torch.rand(1, 4, 2, 6, 6, generator=drawn)
    grad = torch.autograd.grad(errors(descend(weights, clips[:, :2], 1, 1e-3, through=True), clips[:, 2:]).mean(),
                               weights[0])[0]
    inner = torch.autograd.grad(loss(weights, clips[0, :2]), weights, create_graph=True)
    outer = loss([w - 1e-3 * g for w, g in zip(weights, inner, strict=True)], clips[0, 2:])
    assert grad.numpy() == pytest.approx(torch.autograd.grad(outer, weights[0])[0].numpy(), rel=1e-3, abs=1e-4)


def test_auroc_is_sklearns(drawn):
    scores, odd = torch.randint(0, 4, (2, 20), generator=drawn).float(), torch.arange(20).remainder(2).expand(2, 20)
    assert auroc(scores, odd).tolist() == pytest.approx([roc_auc_score(odd[i], scores[i]) for i in range(2)])
