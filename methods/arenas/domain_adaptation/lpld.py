"""LPLD: what the teacher is unsure of is still worth handing down, as a soft label.

A mean teacher's sure answers are hard labels. Throwing the others away loses just the difficult pictures; lowering the
threshold teaches errors. So their whole distribution is distilled, and counts the more the farther the student's
feature is from the teacher's: there is something left to learn.

    loss = CE on sure + weight * mean over unsure of w_i KL(p_t,i || p_s,i),   w_i = 1 - cos(z_t,i, z_s,i)

Departs from the paper: pictures take the place of proposals, so there is neither a background class to suppress nor
an overlap with sure boxes to test, and the teacher follows after every step instead of every epoch.

>>> import torch
>>> p = torch.tensor([[0.5, 0.5]])
>>> round(distilled(p, torch.tensor([[0.0, 0.0]]), torch.ones(1)).item(), 4)     # the same answers
0.0
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import batch_statistics, follow, frozen_copy
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def distilled(teacher: Tensor, logits: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean over the batch of KL from teacher probabilities (B, C) to student logits (B, C)."""
    far = F.kl_div(logits.log_softmax(1), teacher, reduction="none").sum(1)
    return (weight * far).mean()


class Lpld(DomainAdaptationMethod):
    card = Card(
        title="LPLD",
        papers=(Paper("Enhancing Source-Free Domain Adaptive Object Detection with Low-confidence Pseudo Label "
                      "Distillation", 2024),),
        fidelity="core",
        claims=(Beats("mean-teacher", on="target_accuracy", setting="source-free"),
                Beats("mean-teacher", on="worst_class", setting="source-free")),
        reduces_to=("mean-teacher", {"weight": 0.0}),
    )

    threshold: float = param(0.8, "probability from which an answer is a hard label", low=0.0, high=1.0)
    weight: float = param(1.0, "how much the soft labels count", low=0.0, high=5.0)

    def begin(self, net, task):
        self.teacher = frozen_copy(net)
        task.optimise((net.parameters(), 1.0))

    def loss(self, net, task):
        _, x = task.target()
        if len(x) < 2:
            return None
        follow(self.teacher, net, 0.99)
        with torch.no_grad(), batch_statistics(self.teacher):
            z_t = self.teacher.features(x)
            p = self.teacher.head(z_t).softmax(1)
            sure, labels = p.max(1)
        z = net.features(task.strong_view(x))
        logits = net.head(z)
        loss = (F.cross_entropy(logits, labels, reduction="none") * (sure > self.threshold)).mean()
        weight = (1 - F.cosine_similarity(z.detach(), z_t, dim=1)) * (sure <= self.threshold)
        loss = loss + self.weight * distilled(p, logits, weight)
        supervised = self.supervised(net, task)
        return loss if supervised is None else loss + supervised
