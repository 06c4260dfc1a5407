"""Pseudo-Label: take the network's own best guess of a picture as its label.

From a tenth of the steps on, each picture without a label is taken to be what the network names it, with a weight that
rises to its full value until six tenths of the steps.

    loss = CE(y, p(x)) + alpha(t) mean CE(argmax p(u), p(u)),   alpha(t) from 0 to 3 between 0.1 and 0.6 of the steps

Departs from the paper: network, views and optimiser are the arena's, and shares of the steps stand for the paper's
epochs 100 and 600; dropout and denoising pretraining are left out.

>>> round(ramp(0.35, 3.0), 2)
1.5
"""

import torch
import torch.nn.functional as F

from methods.arenas.semi_supervised.arena import SemiSupervisedMethod
from methods.arenas.semi_supervised.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def ramp(progress, full):
    return full * min(1.0, max(0.0, (progress - 0.1) / 0.5))


class PseudoLabel(SemiSupervisedMethod):
    card = Card(
        title="Pseudo-Label",
        papers=(Paper("Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural "
                      "Networks", 2013),),
        fidelity="faithful",
        claims=(Beats("labels-only", on="accuracy"),),
        reduces_to=("labels-only", {"alpha": 0.0, "rate": 1.0}),
    )

    rate: float = rate_factor(0.3)
    alpha: float = param(3.0, "full weight of pictures without labels", low=0.0, high=10.0)

    def loss(self, net, batch, task):
        weight = ramp(task.progress, self.alpha)
        if weight == 0:
            return F.cross_entropy(net(batch.x), batch.y)
        logits, free = net(torch.cat([batch.x, batch.weak])).split([len(batch.x), len(batch.weak)])
        return F.cross_entropy(logits, batch.y) + weight * F.cross_entropy(free, free.argmax(1))
