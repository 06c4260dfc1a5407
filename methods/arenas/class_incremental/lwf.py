"""Learning without forgetting: answer for old classes as the network did before the session.

A copy of the network from before the session says, for every new picture, how it would score the old classes.
Training keeps those answers by distillation at temperature T while the new classes' outputs learn their labels.

    loss = CE(new classes) + lam * T^2 * KL(softmax(old logits / T) || softmax(logits / T)),   over old classes

Departs from the paper: KL times T^2 replaces the cross-entropy of recorded probabilities (the same gradient, T^2 times
as strong), the old classes of all sessions share one softmax where each old task has its own, the new outputs are not
warmed up apart, and one classifier serves all sessions at test time.

>>> import torch
>>> round(distillation(torch.tensor([[0.0, 0.0]]), torch.tensor([[2.0, 0.0]]), 1.0).item(), 4)  # KL((.88,.12)||(.5,.5))
0.3278
"""

import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import distillation, frozen_copy, only
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Lwf(ClassIncrementalMethod):
    card = Card(
        title="Learning without forgetting",
        papers=(Paper("Learning without Forgetting", 2016, arxiv="1606.09282"),),
        fidelity="core",
        claims=(Beats("fine-tune", on="average_accuracy"),),
    )

    lam: float = param(1.0, "weight of the old answers", low=0.0, high=10.0)
    t: float = param(2.0, "temperature of the distilled answers", low=1.0, high=10.0)

    def begin_session(self, net, session):
        self.teacher = frozen_copy(net) if session.number else None

    def loss(self, net, session):
        x, y = session.draw()
        logits = net(x)
        loss = F.cross_entropy(only(logits, session.classes), y)
        if self.teacher is None:
            return loss
        return loss + self.lam * distillation(logits[:, session.old], self.teacher(x)[:, session.old], self.t)

    def end_session(self, net, session):
        self.teacher = None
