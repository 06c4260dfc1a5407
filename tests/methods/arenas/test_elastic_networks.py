"""The arena of elastic networks: costs by counting weights, stitches at their ends, and paths through choices."""

import torch

from methods.arenas.elastic_networks.arena import ElasticNetworks
from methods.arenas.elastic_networks.sn_net import fitted
from methods.arenas.elastic_networks.stage.choices import BLOCKS, Ensemble
from methods.arenas.elastic_networks.stage.stitches import Stitched
from methods.arenas.elastic_networks.stage.task import Task


def task():
    arena = ElasticNetworks()
    trial = arena.trial(scale="smoke", seed=1)
    data = arena.data(trial)
    return Task(data.train, data.watch, data.world, trial)


def test_cost_is_that_of_all_matrices():
    net = task().net(48)
    assert net.cost == sum(p.numel() for p in net.parameters() if p.dim() == 2)


def test_a_stitch_of_a_network_to_itself_changes_nothing():
    own = task()
    net, x = own.anchors()[1], own.watch[0][:200]
    weight, bias = fitted(*[net.states(x)[2].detach()] * 2)
    stitch = torch.nn.Linear(net.width, net.width)
    with torch.no_grad():
        stitch.weight.copy_(weight.T)
        stitch.bias.copy_(bias)
    assert torch.allclose(Stitched(net, net, 2, stitch)(x), net(x), atol=1e-2)


def test_equal_paths_are_one_path():
    net, x = task().choices(), task().watch[0][:5]
    path = (0, 1, 2, 3)
    alone, twice = (0, (path,)), (2, (path, path))
    assert torch.allclose(Ensemble(net, alone)(x), Ensemble(net, twice)(x), atol=1e-6)
    assert net.cost(alone) == net.cost(twice)
    other = (2, (path, (0, 1, 0, 0)))
    extra = sum(net.layers[i][0].cost for i in range(2, BLOCKS))
    assert net.cost(other) == net.cost(alone) + extra


def test_training_stops_with_the_budget():
    own = task()
    net = own.net(24)
    own.learn(net.parameters(), lambda x, y: (net(x).square().mean(), own.full / 2), 0.5)
    assert own.trial.counts["steps"] == own.budget and own.spent == own.budget / 2
