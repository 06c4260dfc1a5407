"""HPM, hardest at once: all hidden patches are those foretold to be hard, from the first step on.

For the question whether the task has to become hard slowly.

    loss = MAE + CE of the order,   hidden = the n hardest,   n = 75 % of the patches

>>> import torch
>>> drawn = torch.tensor([[0.8, 0.1, 0.2, 0.3]])
>>> hardest(torch.tensor([[0.1, 0.9, 0.5, 0.2]]), drawn, 2, 2).int().tolist()
[[0, 1, 1, 0]]
"""

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.hard import hardest, mined_loss, network  # noqa: F401
from methods.arenas.visual_pretraining.stage.nets import follow
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Card
from methods.kit.params import param


class HpmHardestAtOnce(VisualPretrainingMethod):
    card = Card(title="HPM with the hardest patches from the start")

    rate: float = rate_factor(1.0)
    momentum: float = param(0.99, "what the slow copy keeps of itself", low=0.0, high=0.999)

    def network(self, task):
        return network(task)

    def loss(self, net, x, task):
        return mined_loss(net, x, task, 1.0)

    def after_step(self, net, task):
        for name in ("encoder", "decoder", "foretell"):
            follow(getattr(net.slow, name), getattr(net, name), self.momentum)
