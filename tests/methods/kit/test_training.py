import torch
from torch import nn

from methods.kit.training import count_parameters, logits_of, minibatches


def test_minibatches_cover_every_epoch_and_never_run_short():
    batches = list(minibatches(10, 4, 5, torch.Generator().manual_seed(0)))
    assert [len(batch) for batch in batches] == [4] * 5
    joined = torch.cat(batches)
    assert sorted(joined[:10].tolist()) == sorted(joined[10:].tolist()) == list(range(10))


def test_minibatches_may_be_larger_than_the_data():
    (batch,) = minibatches(3, 8, 1, torch.Generator().manual_seed(0))
    assert len(batch) == 8 and set(batch.tolist()) == {0, 1, 2}


def test_logits_are_taken_in_evaluation_mode_and_the_mode_comes_back():
    net = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 2))
    nn.init.ones_(net[1].weight)
    nn.init.zeros_(net[1].bias)
    x = torch.arange(15.0).view(5, 3)                              # whole numbers: exact in batches of any size
    assert torch.equal(logits_of(net, x, size=2), logits_of(net, x)) and net.training
    assert not logits_of(net.eval(), x).requires_grad and not net.training


def test_count_parameters_counts_the_trainable_ones():
    net = nn.Linear(3, 2)
    net.bias.requires_grad_(False)
    assert count_parameters(net) == 6 and count_parameters(net, trainable=False) == 8
