"""BYOL with CCSL: draw pictures of the batch together that already look alike.

BYOL learns from the two views of a picture alone. Cosines between all predictions of one view and all targets of the
other say which other pictures of the batch are alike, and these are drawn together as well. CSSL does so for all
pairs, each by the sigmoid of its cosine.

    S_ij = cos(q(z1_i), slow z2_j),   w_ij = [S_ij > u] (CCSL)   or   sigmoid(S_ij / tau) (CSSL),   i != j
    loss = BYOL + lam mean_i sum_j w_ij (2 - 2 S_ij) / sum_j w_ij, both ways

Departs from the paper: encoder, heads, views and optimiser are the arena's. The abstract names the losses and not their
rule: which pairs count, the threshold u, the division by their weight and lam are ours. BYOL hardly starts in so few
steps and stays below an autoencoder here, so that what is added to it is not put to much of a test.

>>> import torch
>>> p, t = torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.6, 0.8]])
>>> round(drawn_together(p, t, "cosine", 0.5).item(), 4)               # picture 1 to target 2: 0.8; 2 to target 1: 0
0.4
"""

import torch.nn.functional as F

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.bootstrap import Bootstrap, slowness
from methods.arenas.self_supervision.stage.losses import negative_cosine
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

SIGMOID = 0.1          # temperature of CSSL


def drawn_together(p, t, similarity, threshold):
    """Mean over pictures of the weighted mean distance of predictions p (B, D) to other pictures' targets t (B, D)."""
    cosines = F.normalize(p, dim=1) @ F.normalize(t, dim=1).T.detach()
    weight = cosines.detach()
    weight = (weight / SIGMOID).sigmoid() if similarity == "sigmoid" else (weight > threshold).to(p.dtype)
    weight = weight.fill_diagonal_(0.0)
    return ((2 - 2 * cosines) * weight).sum(1).div(weight.sum(1).clamp(min=1e-6)).mean()


class ByolCcsl(SelfSupervisionMethod):
    card = Card(
        title="BYOL with CCSL",
        papers=(Paper("Self-Labeling Refinement for Robust Representation Learning with Bootstrap Your Own Latent",
                      2022, arxiv="2204.04545", covers="the loss on pairs that look alike"),),
        fidelity="core",
        claims=(Beats("byol", on="linear"),),
        reduces_to=("byol", {"lam": 0.0}),
    )

    rate: float = rate_factor(1.0)
    lam: float = param(0.5, "weight of drawing like pictures together", low=0.0, high=10.0)
    similarity: str = param("cosine", "CCSL by cosine, CSSL by its sigmoid", choices=("cosine", "sigmoid"))
    threshold: float = param(0.9, "cosine above which pictures are alike, for CCSL", low=-1.0, high=1.0)
    momentum: float = param(0.99, "what the slow copy keeps of itself in the first step", low=0.0, high=0.999)

    def network(self, task):
        return Bootstrap(task.network(), task.projected, task.hidden)

    def step(self, net, task):
        x1, x2 = task.pair()
        loss = 0
        for x, other in ((x1, x2), (x2, x1)):
            p, t = net(x), net.targets(other)
            loss = loss + 2 + 2 * negative_cosine(p, t)
            loss = loss + self.lam * drawn_together(p, t, self.similarity, self.threshold)
        return loss

    def after_step(self, net, task):
        net.let_follow(slowness(self.momentum, task.progress))
