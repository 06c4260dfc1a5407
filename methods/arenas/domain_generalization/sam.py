"""SAM: step by the gradient from where the loss is highest nearby.

    w <- w - rate * grad L(w + rho g / |g|),   g = grad L(w)

So the loss is low in a ball round the weights, which is said to carry over to other data.

Departs from the paper: AdamW steps, and the network is small; rho is the paper's, batch norms keep the first pass's
statistics.

>>> import torch
>>> net = torch.nn.Linear(1, 1, bias=False)
>>> net.weight.data.fill_(1.0)
tensor([[1.]])
>>> _ = backward_uphill(net, lambda: net.weight.square().sum(), 0.5)            # 2 w at 1.5
>>> round(net.weight.grad.item(), 4), round(net.weight.item(), 4)
(3.0, 1.0)
"""

import torch.nn.functional as F

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.arenas.domain_generalization.stage.sharpness import backward_uphill
from methods.kit.method import Card, Paper
from methods.kit.params import param


class Sam(DomainGeneralizationMethod):
    card = Card(
        title="SAM",
        papers=(Paper("Sharpness-Aware Minimization for Efficiently Improving Generalization", 2020,
                      arxiv="2010.01412"),),
        fidelity="core",
    )

    rho: float = param(0.05, "radius of the ball in which the highest loss is sought", low=0.001, high=1.0)

    def backward(self, net, batch, task):
        return backward_uphill(net, lambda: F.cross_entropy(net(batch.x), batch.y), self.rho)
