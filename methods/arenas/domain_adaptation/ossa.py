"""OSSA: one unlabelled target picture lends its style, with jitter, to all source pictures.

Style is the mean and spread of every channel of an early feature map. The target picture's are perturbed anew for
each source picture, which stands for the other pictures the target might have shown, and replace the source
picture's own; learning then goes on with the source's labels. With no probability it is training on the source.

    h <- sigma * (h - mu_s) / sigma_s + mu
    mu = mu_t * (1 + spread * e1),  sigma = sigma_t * (1 + spread * e2),   e ~ N(0, 1)

Departs from the paper: a classifier instead of a detector, restyled at one depth instead of two.

>>> import torch
>>> from methods.arenas.domain_adaptation.stage.nets import moments, restyle
>>> h = torch.tensor([[[[0.0, 2.0]]]])
>>> new = restyle(h, torch.full((1, 1, 1, 1), 5.0), torch.full((1, 1, 1, 1), 3.0))
>>> [round(v, 2) for v in new.flatten().tolist()]        # mean 5, spread 3
[2.0, 8.0]
"""

import torch
import torch.nn.functional as F

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import moments, restyle
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Ossa(DomainAdaptationMethod):
    card = Card(
        title="OSSA",
        papers=(Paper("OSSA: Unsupervised One-Shot Style Adaptation", 2024, arxiv="2410.00900"),),
        fidelity="faithful",
        claims=(Beats("source-only", on="target_accuracy", setting="one-shot"),
                Beats("adabn", on="target_accuracy", setting="one-shot")),
        reduces_to=("source-only", {"share": 0.0}),
        waivers=SOURCE_GONE,
    )

    share: float = param(0.5, "share of the batches that are restyled", low=0.0, high=1.0)
    spread: float = param(0.75, "how far the target's style is jittered", low=0.0, high=1.0)

    def loss(self, net, task):
        x, y = task.source()
        if torch.rand((), generator=task.random).item() >= self.share:
            return F.cross_entropy(net(x), y)
        with torch.no_grad():
            net.eval()                       # one picture must not move the normalisation
            mean, std = moments(net.early(task.unlabelled[:1]))
            net.train()
        h = net.early(x)
        jitter = 1 + self.spread * torch.randn((2, *h.shape[:2], 1, 1), generator=task.random).to(h)
        return F.cross_entropy(net.head(net.late(restyle(h, mean * jitter[0], std * jitter[1]))), y)
