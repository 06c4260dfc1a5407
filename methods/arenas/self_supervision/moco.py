"""MoCo: find the other view among a long queue of what a slow copy said of earlier pictures.

The number of pictures to tell apart need not be the batch: keys of earlier batches wait in a queue. That they may still
be compared, keys are made by a copy of the network that follows it slowly.

    loss = mean -log exp(q k+ / tau) / (exp(q k+ / tau) + sum_{k in queue} exp(q k / tau))
    slow <- m slow + (1 - m) net

Departs from the paper: encoder, projector, views and optimiser are the arena's; the queue holds 1,024 keys and m is
0.99, as there are 4,096 pictures and a few hundred steps; batch norms see the whole batch on one machine, so nothing is
shuffled; tau is the better of 0.07 and 0.2, as in the authors' two versions, on validation pictures.

>>> import torch
>>> q = torch.tensor([[1.0, 0.0]])
>>> round(against_queue(q, q, torch.tensor([[0.0, 1.0]]), 1.0).item(), 4)               # -log(e / (e + 1))
0.3133
"""

import torch
import torch.nn.functional as F

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.queues import MovingKeys
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def against_queue(q, k, queue, tau):
    """Mean of how unlikely a query's own key is among it and the queue."""
    logits = torch.cat([(q * k).sum(1, keepdim=True), q @ queue.T], 1) / tau
    return F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long, device=q.device))


class Moco(SelfSupervisionMethod):
    card = Card(
        title="MoCo",
        papers=(Paper("Momentum Contrast for Unsupervised Visual Representation Learning", 2019, arxiv="1911.05722"),),
        fidelity="faithful",
        claims=(Beats("npid", on="linear"),),
    )

    rate: float = rate_factor(1.0)
    tau: float = param(0.2, "temperature of the contrast", low=0.02, high=2.0)
    momentum: float = param(0.99, "what the slow copy keeps of itself in a step", low=0.0, high=0.999)
    queue: int = param(1024, "how many keys wait in the queue", low=64, high=4096)

    def network(self, task):
        net = task.network()
        self.keys = MovingKeys(net, task.projected, self.queue, self.momentum, task.generator)
        return net

    def step(self, net, task):
        x1, x2 = task.pair()
        k = self.keys.of(x2)
        loss = against_queue(F.normalize(net(x1), dim=1), k, self.keys.queue.clone(), self.tau)
        self.keys.push(k)
        return loss
