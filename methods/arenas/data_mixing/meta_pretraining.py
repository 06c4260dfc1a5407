"""Meta-learning to improve pretraining: weights of sources go where they help a model that is then tuned.

    theta' = theta - eta_FT grad l_known(theta);   g = dL_val(theta') / dtheta;   v = sum_{j=0..3} (I - a H)^j g
    d p_s = -<v, grad l_s>,   d phi_s = p_s (d p_s - sum_r p_r d p_r)
    phi <- phi - strength d phi / max |d phi|,   p = softmax(phi)

H is the Hessian of the loss on a batch of the mixture; each time 32 known passages of the target are drawn, of which 16
tune and 16 validate.

Departs from the paper: tuning is one step, and the tuned model's own Jacobian is taken as the identity (first order);
sources are drawn by weights rather than losses weighed; the meta step has the size of its largest part.

>>> a, h, g = 0.5, 1.0, 1.0               # a Neumann series of a number
>>> sum((1 - a * h) ** j * g for j in range(4))
1.875
"""

from copy import deepcopy

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.kit.lm_reading import per_passage
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

TERMS, TUNING, DAMPED = 3, 0.1, 0.05


def hessian_product(net, windows, v):
    """H v of the mean loss of some passages; v and the product are all weights in a row."""
    weights = list(net.parameters())
    with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):         # the others have no second derivative
        first = torch.cat([g.flatten() for g in torch.autograd.grad(per_passage(net, windows).mean(), weights,
                                                                    create_graph=True)])
        return torch.cat([g.flatten() for g in torch.autograd.grad(first @ v, weights)])


class MetaPretraining(DataMixingMethod):
    card = Card(
        title="Meta-learnt weights",
        papers=(Paper("Meta-Learning to Improve Pre-Training", 2021, arxiv="2111.01754"),),
        fidelity="core",
        claims=(Beats("uniform-sources", on="target_bpb", by=0.02),),
    )

    strength: float = param(0.5, "of a meta step", low=0.0, high=3.0)

    def prepare(self, task):
        self.phi = torch.zeros(task.many, device=task.device)

    def mixture(self, task):
        known = task.draw(-1, 32)
        tuned = deepcopy(task.net)
        at = 0
        step = task.gradient(known[:16])
        with torch.no_grad():
            for p in tuned.parameters():
                p -= TUNING * step[at:at + p.numel()].view_as(p)
                at += p.numel()
        g = task.gradient(known[16:], tuned)
        batch, v, term = task.mixed(self.phi.softmax(0), 8), g, g
        for _ in range(TERMS):
            term = term - DAMPED * hessian_product(task.net, batch, term)
            v = v + term
        down = torch.stack([-(task.gradient(task.draw(s, 4)) @ v) for s in range(task.many)])
        p = self.phi.softmax(0)
        down = p * (down - (p * down).sum())
        self.phi = self.phi - self.strength * down / down.abs().max().clamp(min=1e-9)
        return self.phi.softmax(0)
