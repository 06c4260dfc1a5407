"""Dynamic Y-KD: the old head on the shared, moving features is the teacher; afterwards checkpoints are averaged.

Ordinary distillation keeps a whole old network beside the new one. Here only the old head is kept: teacher and
student share the current features, like the arms of a Y, and the student's outputs for old classes must follow the
frozen old head on those features. New classes get a head of their own. After the session the shared network becomes
a weighted mean of its old and new weights, which trades old against new.

    loss = CE(new head, y) + lam KL(old head(z) || student(z)),   z the same features;   w = a w_old + (1 - a) w_new

Departs from the paper: pictures are classified instead of instances segmented, and the student's gradient reaches the
shared features through both arms.

>>> import torch
>>> old, fresh = torch.tensor([0.0, 4.0]), torch.tensor([2.0, 0.0])
>>> average(old, fresh, 0.25).tolist()
[1.5, 1.0]
"""

import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import frozen_copy, only
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def average(old, new, a):
    """a * old + (1 - a) * new"""
    return a * old + (1 - a) * new


class DynamicYKd(ClassIncrementalMethod):
    card = Card(
        title="Dynamic Y-KD",
        papers=(Paper("Dynamic Y-KD: A Hybrid Approach to Continual Instance Segmentation", 2023,
                      arxiv="2303.06015"),),
        fidelity="core",
        claims=(Beats("lwf", on="average_accuracy"), Beats("fine-tune", on="average_accuracy"),
                Beats("lwf", on="harmonic_accuracy")),
    )

    lam: float = param(1.0, "weight of the distillation", low=0.0, high=10.0)
    a: float = param(0.5, "share of the old weights after a session", low=0.0, high=0.95)

    def begin_session(self, net, session):
        if session.number == 0:
            self.old_head = None
        self.before = [p.detach().clone() for p in net.backbone()] if session.number else None

    def loss(self, net, session):
        x, y = session.draw()
        z = net.features(x)
        logits = net.head(z)
        loss = F.cross_entropy(only(logits, session.classes), y)
        if self.old_head is None:
            return loss
        teacher = self.old_head(z)[:, session.old].softmax(1)
        student = logits[:, session.old].log_softmax(1)
        return loss + self.lam * F.kl_div(student, teacher, reduction="batchmean")

    def end_session(self, net, session):
        if self.before is not None:
            for p, old in zip(net.backbone(), self.before, strict=True):
                p.copy_(average(old, p, self.a))
            net.head.weight[session.old] = self.old_head.weight[session.old]
            net.head.bias[session.old] = self.old_head.bias[session.old]
        self.old_head, self.before = frozen_copy(net.head), None
