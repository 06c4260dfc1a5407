"""ParetoDA: let a guide on unseen targets decide, at every step, how learning and aligning share the gradient.

The source's loss and the alignment's often pull against each other, and a fixed weight between them is a guess. A third
gradient, of how surely and diversely held-out targets are classified, says where the target would like to go; the two
are mixed so that the step agrees best with it and undoes neither.

    d = pi g_S + (1 - pi) g_D,  pi in [0, 1]:  maximise <d, g_T>  where <d, g_S> >= 0 and <d, g_D> >= 0

Departs from the paper: the guide is mutual information without refining the answers by the domain classifier, and the
linear program over two objectives is solved in closed form on the gradients of the last shared layer, with a least
share for either.

>>> mixture(ss=1.0, dd=1.0, sd=0.0, st=0.2, dt=0.5)      # no conflict: all to what the guide likes better
0.0
>>> mixture(ss=1.0, dd=1.0, sd=-0.5, st=0.2, dt=0.5)     # <d, g_S> = pi - (1 - pi) / 2 >= 0 needs pi >= 1/3
0.3333
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import information, reverse_gradient
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def mixture(ss: float, dd: float, sd: float, st: float, dt: float) -> float:
    """pi from the inner products of the gradients, four digits."""
    low, high = 0.0, 1.0
    if sd < 0:
        low, high = -sd / (ss - sd), dd / (dd - sd)
    if low > high or ss + dd == 0:
        return 0.5
    return round(high if st > dt else low, 4)


class ParetoDa(DomainAdaptationMethod):
    card = Card(
        title="ParetoDA",
        papers=(Paper("Pareto Domain Adaptation", 2021, arxiv="2112.04137"),),
        fidelity="core",
        claims=(Beats("dann", on="target_accuracy"), Beats("source-only", on="target_accuracy")),
        waivers=SOURCE_GONE,
    )

    held_out: float = param(0.2, "share of the targets that only guide", low=0.05, high=0.5)
    floor: float = param(0.2, "least share of either objective", low=0.0, high=0.5)

    def begin(self, net, task):
        self.domain = nn.Sequential(nn.Linear(net.dim, net.dim), nn.ReLU(), nn.Linear(net.dim, 1))
        self.domain.to(task.unlabelled.device)
        self.guides = max(int(self.held_out * len(task.unlabelled)), 1)
        task.optimise((net.parameters(), 1.0), (self.domain.parameters(), 1.0))

    def loss(self, net, task):
        (x, y), (rows, u) = task.source(), task.target()
        if len(u) < 2:
            return F.cross_entropy(net(x), y)
        if not task.online:
            u = u[rows >= self.guides]
        z, v = net.features(x), net.features(u)
        guess = self.domain(torch.cat([reverse_gradient(z, 1.0), reverse_gradient(v, 1.0)]))[:, 0]
        truth = torch.cat([guess.new_ones(len(z)), guess.new_zeros(len(v))])
        learn, align = F.cross_entropy(net.head(z), y), F.binary_cross_entropy_with_logits(guess, truth)
        drawn = torch.randperm(self.guides, generator=task.random)[:task.batch_size]
        w = net.features(task.view(task.unlabelled[drawn])) if len(drawn) > 1 else v
        guide = information(net.head(w).softmax(1))
        shared = [p for p in net.neck.parameters()]
        g_s, g_d, g_t = (torch.cat([g.flatten() for g in torch.autograd.grad(part, shared, retain_graph=True)])
                         for part in (learn, align, guide))
        pi = mixture(*((a @ b).item() for a, b in ((g_s, g_s), (g_d, g_d), (g_s, g_d), (g_s, g_t), (g_d, g_t))))
        pi = min(max(pi, self.floor), 1 - self.floor)
        return 2 * (pi * learn + (1 - pi) * align)
