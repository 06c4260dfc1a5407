"""MixStyle: maps take a mixture of their own mean and deviation and another picture's.

    h' = s_mix (h - m(h)) / s(h) + m_mix,   m_mix = lam m(h) + (1 - lam) m(h'), s likewise,   lam ~ Beta(alpha, alpha)

Means and deviations over places stand for style; mixing them between pictures shows styles that no domain has.

Departs from the paper: after the first layer of a small network, between pictures drawn from the whole batch; chance
and alpha are the paper's.

>>> import torch
>>> h = torch.tensor([[[[1.0, 3.0]]], [[[2.0, 2.0]]]])
>>> restyled(h, torch.full((2, 1, 1, 1), 5.0), torch.ones(2, 1, 1, 1))[0].flatten().round().tolist()
[4.0, 6.0]
"""

import torch
import torch.nn.functional as F

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def style(h):
    """Means and deviations (N, C, 1, 1) over places."""
    return h.mean((2, 3), keepdim=True), (h.var((2, 3), keepdim=True, unbiased=False) + 1e-6).sqrt()


def restyled(h, mean, deviation):
    own_mean, own_deviation = style(h)
    return (h - own_mean) / own_deviation * deviation + mean


class MixStyle(DomainGeneralizationMethod):
    card = Card(
        title="MixStyle",
        papers=(Paper("Domain Generalization with MixStyle", 2021, arxiv="2104.02008"),),
        fidelity="core",
        claims=(Beats("erm", on="target_accuracy"),),
        reduces_to=("erm", {"chance": 0.0}),
    )

    chance: float = param(0.5, "share of steps in which styles are mixed", low=0.0, high=1.0)
    alpha: float = param(0.1, "of the Beta distribution", low=0.01, high=2.0)

    def loss(self, net, batch, task):
        h = net.early(batch.x)
        if torch.rand(()) < self.chance:
            mean, deviation = (part.detach() for part in style(h))
            order = torch.randperm(len(h), device=h.device)
            alpha = torch.full((len(h), 1, 1, 1), self.alpha, device=h.device)
            lam = torch.distributions.Beta(alpha, alpha).sample()
            h = restyled(h, lam * mean + (1 - lam) * mean[order], lam * deviation + (1 - lam) * deviation[order])
        return F.cross_entropy(net.head(net.late(h)), batch.y)
