"""WSCoL: what strong augmentation destroyed is found again in the weak view, by way of class prototypes.

A mean teacher sees weak views and the student strong ones. A small map brings the student's strong features to the
teacher's weak ones; every weak feature belongs to its nearest class prototype, and a strong feature is drawn to all
weak features of its class and away from the others, the less the more doubtful it is.

    loss = CE_pseudo + 0.1 |h(f_s) - f_w|^2 - weight * log( sum_pos exp(f_s f_w / t) / sum_all exp(f_s f_w / t) )

Departs from the paper: written after its summary, and for pictures instead of a detector's proposals; the nearest
prototype is that of the largest cosine plus the teacher's probability.

>>> import torch
>>> q, y = torch.eye(2), torch.tensor([0, 1])
>>> round(across(q, q, y, torch.ones(2), 1.0).item(), 4)         # log(1 + 1/e)
0.3133
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import batch_statistics, follow, frozen_copy
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def across(strong: Tensor, weak: Tensor, y: Tensor, trust: Tensor, t: float) -> Tensor:
    """Contrast of strong (B, D) with weak (B, D) features of the same class y (B,), weighted by trust (B,)."""
    near = strong @ weak.T / t
    same = y[:, None] == y[None]
    return (trust * (near.logsumexp(1) - near.masked_fill(~same, -1e4).logsumexp(1))).mean()


class Wscol(DomainAdaptationMethod):
    card = Card(
        title="WSCoL",
        papers=(Paper("Rethinking Weak-to-Strong Augmentation in Source-Free Domain Adaptive Object Detection", 2024),),
        fidelity="core",
        claims=(Beats("mean-teacher", on="target_accuracy", setting="source-free"),
                Beats("source-only", on="target_accuracy", setting="source-free")),
    )

    weight: float = param(0.3, "how much the contrast counts", low=0.0, high=2.0)
    strength: float = param(0.4, "side of the blanked square", low=0.0, high=0.8)

    def begin(self, net, task):
        self.teacher = frozen_copy(net)
        self.prototypes = F.normalize(net.head.weight.detach().clone(), dim=1)
        self.map = nn.Linear(net.dim, net.dim).to(task.unlabelled.device)
        with torch.no_grad():
            self.map.weight.copy_(torch.eye(net.dim))
            self.map.bias.zero_()
        task.optimise((net.parameters(), 1.0), (self.map.parameters(), 1.0))

    def loss(self, net, task):
        _, x = task.target()
        if len(x) < 2:
            return None
        follow(self.teacher, net, 0.99)
        with torch.no_grad(), batch_statistics(self.teacher):
            weak = self.teacher.features(x)
        with torch.no_grad():
            p = self.teacher.head(weak).softmax(1)
            sure, labels = p.max(1)
            weak = F.normalize(weak, dim=1)
            cluster = (weak @ self.prototypes.T + p).argmax(1)
            held = F.one_hot(cluster, task.classes).to(weak.dtype)
            means = F.normalize(held.T @ weak, dim=1)
            seen = held.sum(0)[:, None] > 0
            self.prototypes = F.normalize(torch.where(seen, 0.9 * self.prototypes + 0.1 * means, self.prototypes),
                                          dim=1)
        features = net.features(task.strong_view(x, self.strength))
        loss = (F.cross_entropy(net.head(features), labels, reduction="none") * (sure > 0.8)).mean()
        strong = F.normalize(self.map(features), dim=1)
        loss = loss + 0.1 * (strong - weak).square().sum(1).mean()
        return loss + self.weight * across(strong, weak, cluster, sure, 0.2)
