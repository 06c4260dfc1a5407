"""NPID: every picture is its own class, told from the others by a memory of what was said of them.

A softmax over pictures needs no weights: what the network said of each picture the last time is kept in a bank and is
its class's weight. The sum over all pictures is never made: by noise-contrastive estimation, a view is told from m
pictures drawn at random, with the normaliser guessed once from the first batch.

    P(i | v) = exp(v v_i / tau) / Z,   h(i, v) = P(i | v) / (P(i | v) + m / n)
    loss = mean -log h(i, v) - sum_{m noise pictures j} log(1 - h(j, v)) + lam ||v - v_i||^2
    bank: v_i <- normalise(inertia v_i + (1 - inertia) v)

Departs from the paper: encoder, projector, views and optimiser are the arena's, m is 512 of 4,096 pictures; the bank
has the inertia of the authors' code, and the proximal term, which is not in that code, is off.

>>> import torch
>>> p = torch.tensor([[0.5, 0.25]])                                # the picture itself, and one noise picture
>>> round(estimate(p, 4, 1).item(), 4)                             # -log(.5 / .75) - log(.25 / .5)
1.0986
"""

import torch
import torch.nn.functional as F

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def estimate(p, n, m):
    """The loss of probabilities p (B, 1 + m), of which the first is the picture's own, among n pictures."""
    noise = m / n
    own, others = p[:, 0] / (p[:, 0] + noise), noise / (p[:, 1:] + noise)
    return -(own.log() + others.log().sum(1)).mean()


class Npid(SelfSupervisionMethod):
    card = Card(
        title="NPID",
        papers=(Paper("Unsupervised Feature Learning via Non-Parametric Instance-level Discrimination", 2018,
                      arxiv="1805.01978"),),
        fidelity="faithful",
        claims=(Beats("untrained", on="knn"), Beats("instance-softmax", on="knn")),
    )

    rate: float = rate_factor(1.0)
    tau: float = param(0.07, "temperature of the softmax over pictures", low=0.02, high=1.0)
    noise: int = param(512, "noise pictures for each view", low=16, high=4096)
    inertia: float = param(0.5, "what the bank keeps of itself", low=0.0, high=0.99)
    lam: float = param(0.0, "weight of staying near what the bank has", low=0.0, high=50.0)

    def network(self, task):
        side = task.projected ** -0.5
        drawn = torch.rand(len(task.pictures), task.projected, generator=task.generator)
        self.bank = F.normalize((2 * drawn - 1) * side, dim=1).to(task.pictures.device)
        self.normaliser = None
        return task.network()

    def step(self, net, task):
        v, n = F.normalize(net(task.view(task.draw(2 * task.batch))), dim=1), len(self.bank)
        noise = torch.randint(n, (len(v), self.noise), generator=task.generator).to(v.device)
        rows = torch.cat([task.rows[:, None], noise], 1)
        weight = (self.bank[rows] @ v[:, :, None]).squeeze(2).div(self.tau).exp()
        if self.normaliser is None:
            self.normaliser = weight.detach().mean() * n
        old = self.bank[task.rows]
        loss = estimate(weight / self.normaliser, n, self.noise) + self.lam * (v - old).square().sum(1).mean()
        self.bank[task.rows] = F.normalize(self.inertia * old + (1 - self.inertia) * v.detach(), dim=1)
        return loss
