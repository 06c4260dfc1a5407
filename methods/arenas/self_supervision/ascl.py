"""ASCL: let near pictures of the queue be positives too, as far as one is sure of them.

As MoCo, but the target is not the own key alone. A weak view's relation to the queue says which earlier pictures are
near; where it is sure, they count as positives, each by its share, and where it is even, nearly nothing is added.

    p = softmax(k queue / tau_t),   c = 1 - H(p) / log |queue|
    target = normalise([1, min(1, K c p)]),   loss = mean CE(target, softmax([q k, q queue] / tau))

Departs from the paper: encoder, projector, views and optimiser are the arena's, and the queue holds 1,024;
temperatures, K and m are those of the authors' code.

>>> import torch
>>> k, queue = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
>>> [round(v, 3) for v in softened(k, queue, 0.05, 1.0)[0].tolist()]           # one neighbour, and sure of it
[0.5, 0.5, 0.0]
"""

import math

import torch
import torch.nn.functional as F

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.queues import MovingKeys
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def softened(k, queue, tau_t, neighbours):
    """Targets (B, 1 + queue) over the own key and the queue."""
    log_p = (k @ queue.T / tau_t).log_softmax(1)
    sure = 1 + (log_p.exp() * log_p).sum(1, keepdim=True) / math.log(len(queue))
    near = (neighbours * sure * log_p.exp()).clamp(max=1)
    return F.normalize(torch.cat([torch.ones_like(sure), near], 1), p=1, dim=1)


class Ascl(SelfSupervisionMethod):
    card = Card(
        title="ASCL",
        papers=(Paper("Adaptive Soft Contrastive Learning", 2022, arxiv="2207.11163"),),
        fidelity="faithful",
        claims=(Beats("moco", on="linear"), Beats("ressl", on="linear")),
    )

    rate: float = rate_factor(1.0)
    tau: float = param(0.1, "temperature of the contrast", low=0.02, high=1.0)
    tau_t: float = param(0.05, "temperature of the relation to the queue", low=0.01, high=1.0)
    neighbours: float = param(1.0, "K: how many neighbours at most", low=0.0, high=10.0)
    momentum: float = param(0.99, "what the slow copy keeps of itself in a step", low=0.0, high=0.999)
    queue: int = param(1024, "how many keys wait in the queue", low=64, high=4096)
    weak: float = param(0.3, "strength of the slow copy's view", low=0.0, high=1.0)

    def network(self, task):
        net = task.network()
        self.keys = MovingKeys(net, task.projected, self.queue, self.momentum, task.generator)
        return net

    def step(self, net, task):
        x1, x2 = task.pair(self.weak)
        k, queue = self.keys.of(x2), self.keys.queue.clone()
        target, q = softened(k, queue, self.tau_t, self.neighbours), F.normalize(net(x1), dim=1)
        logits = torch.cat([(q * k).sum(1, keepdim=True), q @ queue.T], 1) / self.tau
        self.keys.push(k)
        return -(target * logits.log_softmax(1)).sum(1).mean()
