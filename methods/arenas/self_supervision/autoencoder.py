"""Autoencoder: say the picture again from its features.

A decoder of two layers makes the view again from the 128 features. It must keep where everything lies, which views
would have taught to forget. Both views are passed through, so that as many pictures are seen as by everybody.

    loss = mean ||g(f(x)) - x||^2

>>> import torch
>>> error(torch.tensor([[0.5, 1.0]]), torch.tensor([[[[0.0, 1.0]]]])).item()
0.125
"""

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.nets import Net
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Card


def error(made, x):
    """Mean squared error per dot of pictures made (B, H*W) for x (B, 1, H, W)."""
    return (made - x.flatten(1)).square().mean()


class Autoencoder(SelfSupervisionMethod):
    card = Card(title="Autoencoder")

    rate: float = rate_factor(3.0)

    def network(self, task):
        return Net(task.encoder(), task.head(out=task.pictures[0].numel()))

    def step(self, net, task):
        both = task.view(task.draw().repeat(2, 1, 1, 1))
        return error(net(both), both)
