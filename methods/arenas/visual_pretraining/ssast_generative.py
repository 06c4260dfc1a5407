"""SSAST, drawing alone: draw each hidden patch.

One of SSAST's two losses, alone.

    loss = mean over hidden patches of |r_i - x_i|^2 / dots

Follows the textbook.

>>> import torch
>>> patches, hidden = torch.tensor([[[1.0, 3.0], [9.0, 9.0]]]), torch.tensor([[True, False]])
>>> (torch.zeros(1, 2, 2) - patches).square().mean(2)[hidden].mean().item()
5.0
"""

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.patchwise import patchwise_losses, patchwise_network
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Card


class SsastGenerative(VisualPretrainingMethod):
    card = Card(title="SSAST, drawing alone")

    rate: float = rate_factor(3.0)

    def network(self, task):
        return patchwise_network(task)

    def loss(self, net, x, task):
        return patchwise_losses(net, x, task)[1]
