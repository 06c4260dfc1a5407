"""ReSSL: agree on how a picture relates to others, not on which one it is.

A weak view through a slow copy is compared with a queue of earlier pictures, sharply; a strong view through the network
must relate to the queue in the same way. No pair of pictures is told apart as such.

    target = softmax(k queue / tau_t),   loss = mean CE(target, softmax(q queue / tau_s))
    slow <- m slow + (1 - m) net

Departs from the paper: encoder, projector, views and optimiser are the arena's, and the queue holds 1,024; temperatures
are the paper's, m is 0.99 (the authors' code for large pictures has 0.999).

>>> import torch
>>> q, queue = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
>>> round(relation(q, q, queue, 1.0, 1.0).item(), 4)                       # entropy of (.7311, .2689)
0.5822
"""

import torch.nn.functional as F

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.queues import MovingKeys
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def relation(q, k, queue, tau_s, tau_t):
    target = (k @ queue.T / tau_t).softmax(1)
    return -(target * (q @ queue.T / tau_s).log_softmax(1)).sum(1).mean()


class Ressl(SelfSupervisionMethod):
    card = Card(
        title="ReSSL",
        papers=(Paper("ReSSL: Relational Self-Supervised Learning with Weak Augmentation", 2021, arxiv="2107.09282"),),
        fidelity="faithful",
        claims=(Beats("moco", on="linear"), Beats("byol", on="linear")),
    )

    rate: float = rate_factor(1.0)
    tau_s: float = param(0.1, "temperature of the network's relation", low=0.02, high=1.0)
    tau_t: float = param(0.04, "temperature of the slow copy's relation", low=0.01, high=1.0)
    momentum: float = param(0.99, "what the slow copy keeps of itself in a step", low=0.0, high=0.999)
    queue: int = param(1024, "how many keys wait in the queue", low=64, high=4096)
    weak: float = param(0.3, "strength of the slow copy's view", low=0.0, high=1.0)

    def network(self, task):
        net = task.network()
        self.keys = MovingKeys(net, task.projected, self.queue, self.momentum, task.generator)
        return net

    def step(self, net, task):
        x1, x2 = task.pair(self.weak)
        k = self.keys.of(x2)
        loss = relation(F.normalize(net(x1), dim=1), k, self.keys.queue.clone(), self.tau_s, self.tau_t)
        self.keys.push(k)
        return loss
