"""SSAST, telling apart alone: pick each hidden patch among the hidden ones of the picture.

One of SSAST's two losses, alone.

    loss = -mean log softmax_j(c_i . x_j) at j = i, over hidden i, j of a picture

Follows the textbook.

>>> import torch
>>> from methods.arenas.visual_pretraining.stage.patchwise import told_apart
>>> x, hidden = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [9.0, 9.0]]]), torch.tensor([[True, True, False]])
>>> round(told_apart(x, x, hidden).item(), 4)                                                        # log(1 + e^-1)
0.3133
"""

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.patchwise import patchwise_losses, patchwise_network
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Card


class SsastDiscriminative(VisualPretrainingMethod):
    card = Card(title="SSAST, telling apart alone")

    rate: float = rate_factor(3.0)

    def network(self, task):
        return patchwise_network(task)

    def loss(self, net, x, task):
        return patchwise_losses(net, x, task)[0]
