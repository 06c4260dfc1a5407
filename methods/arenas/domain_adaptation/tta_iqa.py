"""TTA-IQA: two self-made tasks tell a network at test time what good and bad pictures look like.

Pictures of a batch with the highest and with the lowest quality, as the source's network predicts it, form two groups
that features should hold apart; and of two spoilt versions of a picture, the more spoilt should lie farther from the
original. Neither needs a label. They adapt scales and shifts of normalisation, and statistics follow what passes.

    rank: BCE( sigmoid(|z(heavy) - z(x)| - |z(mild) - z(x)|), 1 )
    group: -log( exp(a_i / t) / (exp(a_i / t) + sum over the other group of exp(z_i z_j / t)) )
    a_i: mean cosine of z_i with its own group

Departs from the paper: what is predicted is a class, so confidence (the log of the highest probability) stands for
quality; noise of two strengths stands for all ways of spoiling; one step per batch instead of three.

>>> import torch
>>> z = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
>>> round(groups(z, 1.0).item(), 4)                      # log(1 + 2 / e)
0.5514
>>> round(rank(z[:1], z[:1], z[:1]).item(), 4)           # log 2
0.6931
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import affine, frozen_copy
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def groups(z: Tensor, t: float) -> Tensor:
    """Contrast of the first half of z (2M, D) with the second."""
    z = F.normalize(z, dim=1)
    half, near = len(z) // 2, z @ z.T
    same = torch.block_diag(*[near.new_ones(half, half)] * 2)
    own = (near * same.clone().fill_diagonal_(0)).sum(1, keepdim=True) / max(half - 1, 1) / t
    return torch.cat([own, (near / t).masked_fill(same > 0, -1e4)], 1).log_softmax(1)[:, 0].neg().mean()


def rank(z: Tensor, mild: Tensor, heavy: Tensor) -> Tensor:
    """The heavier spoilt picture should lie farther from the original, all (B, D)."""
    return F.softplus(F.pairwise_distance(mild, z) - F.pairwise_distance(heavy, z)).mean()


class TtaIqa(DomainAdaptationMethod):
    card = Card(
        title="TTA-IQA",
        papers=(Paper("Test Time Adaptation for Blind Image Quality Assessment", 2023, arxiv="2307.14735"),),
        fidelity="core",
        claims=(Beats("source-only", on="target_accuracy", setting="test-time"),
                Beats("adabn", on="target_accuracy", setting="test-time"),
                Beats("tent", on="target_accuracy", setting="test-time")),
    )

    share: float = param(0.25, "share of the batch in each group", low=0.1, high=0.5)
    weight: float = param(1.0, "how much the groups count beside the ranks", low=0.0, high=5.0)
    temperature: float = param(0.1, "temperature of the groups' contrast", low=0.05, high=1.0)

    def begin(self, net, task):
        self.judge = frozen_copy(net)
        task.optimise((affine(net), 1.0))

    def loss(self, net, task):
        _, x = task.target()
        if len(x) < 4:
            return None
        with torch.no_grad():
            order = self.judge(x).log_softmax(1).amax(1).argsort()
        noise = x.std() * torch.randn(x.shape, generator=task.random).to(x)
        mild, heavy = net.features(x + 0.2 * noise), net.features(x + 0.8 * noise)
        z = net.features(x)                                  # last, so that the statistics lean to the batch itself
        many = max(int(self.share * len(x)), 2)
        chosen = torch.cat([order[:many], order[-many:]])
        return rank(z, mild, heavy) + self.weight * groups(z[chosen], self.temperature)
