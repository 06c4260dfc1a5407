"""MACL: a temperature that rises with how well views already agree, and a gradient that does not fade.

At first everything is a fair negative and the temperature may be low; once views agree, near pictures are likely to be
alike and are spared by a higher one. The gradient of a contrast is scaled by how unlikely the positive still is, which
fades with few negatives, so each anchor's loss is divided by that.

    tau = tau0 (1 + beta A),   A = mean cosine of the positive pairs, no gradient
    loss = mean_i -log P_ii / (1 - P_ii), no gradient through the divisor,   P_ij = softmax_j(z1_i z2_j / tau)

Departs from the paper: encoder, projector, views and optimiser are the arena's; anchors are the first views alone and
negatives the second views of the other pictures, half of those that SimCLR has; the threshold of A is 0, and beta is
ours (a public implementation has 0.5).

>>> import torch
>>> z = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
>>> round(adapted(z, z, 0.5, 1.0).item(), 4)                       # tau 1: .31326 / (1 - .73106)
1.1648
"""

import torch.nn.functional as F

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


def adapted(z1, z2, tau0, beta):
    cosines = F.normalize(z1, dim=1) @ F.normalize(z2, dim=1).T
    tau = tau0 * (1 + beta * cosines.diagonal().mean().detach())
    log_p = (cosines / tau).log_softmax(1)
    others = log_p.detach().exp().fill_diagonal_(0.0).sum(1).clamp(min=1e-12)
    return -(log_p.diagonal() / others).mean()


class Macl(SelfSupervisionMethod):
    card = Card(
        title="MACL",
        papers=(Paper("Model-Aware Contrastive Learning: Towards Escaping the Dilemmas", 2022, arxiv="2207.07874"),),
        fidelity="core",
        claims=(Beats("simclr", on="linear"), Beats("simclr", on="linear", setting="small-batch"),
                GainGrows("simclr", on="linear", to="small-batch")),
    )

    rate: float = rate_factor(3.0)
    tau0: float = param(0.1, "temperature while views do not agree", low=0.02, high=1.0)
    beta: float = param(1.0, "how much the temperature rises with agreement", low=0.0, high=5.0)

    def loss(self, z1, z2, task):
        return adapted(z1, z2, self.tau0, self.beta)
