"""CMA: the same scene in good conditions says what a feature in bad ones should be.

Without the source: of each target picture there is another of the same scene taken in better conditions. The student's
feature of the bad picture is drawn, by contrast with a queue of other scenes, to the teacher's of the good one, while
sure answers of the teacher train the student on the bad pictures.

    loss = CE(f(x_a), sure label) + 0.1 H + weight * -log( exp(q k+ / t) / (exp(q k+ / t) + sum exp(q k- / t)) )

Departs from the paper: whole pictures instead of patches, so that nothing has to be warped; where there are no pairs
the picture itself, slightly moved, is the partner. Features are compared without a projection; the queue holds good
pictures, where the authors' code keeps bad ones there; labels come from the moving teacher, and the classifier learns
as well, where that code makes the labels beforehand and holds the classifier fixed.

>>> import torch
>>> q = torch.tensor([[1.0, 0.0]])
>>> round(contrast(q, q, torch.tensor([[0.0, 1.0]]), 1.0).item(), 4)     # log(1 + 1/e)
0.3133
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import entropy, follow, frozen_copy, reestimate
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def contrast(q: Tensor, k: Tensor, others: Tensor, t: float) -> Tensor:
    """InfoNCE of q (B, D) with partners k (B, D) against `others` (M, D); all of length one."""
    near = torch.cat([(q * k).sum(1, keepdim=True), q @ others.T], 1) / t
    return -near.log_softmax(1)[:, 0].mean()


class Cma(DomainAdaptationMethod):
    card = Card(
        title="CMA",
        papers=(Paper("Contrastive Model Adaptation for Cross-Condition Robustness in Semantic Segmentation", 2023,
                      arxiv="2303.05194"),),
        fidelity="core",
        claims=(Beats("source-only", on="target_accuracy", setting="paired"),
                Beats("pseudo-label", on="target_accuracy", setting="paired"),
                Beats("tent", on="target_accuracy", setting="paired")),
    )

    weight: float = param(0.3, "how much the contrast counts", low=0.0, high=2.0)
    temperature: float = param(0.2, "temperature of the contrast", low=0.05, high=1.0)

    def begin(self, net, task):
        self.teacher, self.queue = frozen_copy(net), None
        if task.reference is not None and len(task.reference) > 1:
            reestimate(self.teacher, task.reference)
        task.optimise((net.parameters(), 1.0))

    def loss(self, net, task):
        rows, x = task.target()
        if len(x) < 2:
            return None
        partner = task.view(task.reference[rows] if task.reference is not None else x)
        with torch.no_grad():
            z = self.teacher.features(partner)
            sure, labels = self.teacher.head(z).softmax(1).max(1)
            k = F.normalize(z, dim=1)
        follow(self.teacher, net, 0.995)
        features = net.features(x)
        logits = net.head(features)
        loss = (F.cross_entropy(logits, labels, reduction="none") * (sure > 0.6)).mean()
        loss = loss + 0.1 * entropy(logits.softmax(1)).mean()
        if self.queue is not None:
            loss = loss + self.weight * contrast(F.normalize(features, dim=1), k, self.queue, self.temperature)
        self.queue = k if self.queue is None else torch.cat([k, self.queue])[:4 * task.batch_size]
        return loss
