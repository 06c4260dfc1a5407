"""The arena of sparse dictionaries: gradients by differences, and which entries are kept by loops."""

import torch
import torch.nn.functional as F

from methods.arenas.sparse_dictionaries.arena import SparseDictionaries
from methods.arenas.sparse_dictionaries.g_sae import effects
from methods.arenas.sparse_dictionaries.stage._data import bits, rest, said
from methods.arenas.sparse_dictionaries.stage.autoencoder import largest


def made(setting="default"):
    stage = SparseDictionaries()
    trial = stage.trial(scale="smoke", setting=setting, seed=1)
    return stage, trial, stage.data(trial)


def test_gradients_are_slopes_of_the_summed_loss_of_a_window():
    _, trial, data = made("seeing")
    x, block = (data.x * data.scale + data.mean)[:1].double(), trial.options.block
    net = data.net.double()
    direction = torch.randn(x.shape, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    losses = [F.cross_entropy(rest(net, x + at * direction, block).flatten(0, 1), data.targets[:1].flatten(),
                              reduction="sum") for at in (1e-5, -1e-5)]
    slope = (data.gradient[:1] / data.scale * direction).sum()
    data.net.float()
    assert torch.isclose((losses[0] - losses[1]) / 2e-5, slope, rtol=1e-2)


def test_going_on_from_the_layer_itself_is_the_model():
    _, trial, data = made()
    assert bits(said(data, data.x, trial.options.block), data.targets) > 0
    assert abs(data.train_x.square().sum(1).mean().item() - 1) < 1e-3


def test_kept_are_the_entries_of_largest_effect_with_their_own_activation():
    torch.manual_seed(0)
    f, g, v = torch.rand(5, 7), torch.randn(5, 3), torch.randn(7, 3)
    codes = largest(effects(f, g, v), f, 2)
    for n in range(5):
        by_effect = sorted(range(7), key=lambda i, n=n: -abs(float(f[n, i]) * float(v[i] @ g[n])))
        assert set(codes[n].nonzero().squeeze(1).tolist()) == set(by_effect[:2])
        assert all(codes[n, i] == f[n, i] for i in by_effect[:2])
