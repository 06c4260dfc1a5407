"""RECALL: write down what the old heads say about the new pictures, and regress to it.

Before a session is learned, the network's outputs for old classes are recorded for every new picture. The new
classes' outputs are then regressed to one-hot targets and the old ones to what was recorded. Outputs of different
classes vary by different amounts over these pictures, so the error of each known class is a Mahalanobis distance:
divided by the variance of what was recorded for it. Only the upper part of the network is trained.

    loss = mean over new c of (f_c(x) - [y = c])^2 + lam mean over old c of (f_c(x) - r_c(x))^2 / var(r_c)

Departs from the paper: one linear classifier in place of a nonlinear head per session, outputs are not clipped to
the range of the targets, and targets are recorded for the pictures as they are but regressed to from shifted views.

>>> import torch
>>> scaled_error(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 0.0]]), torch.tensor([1.0, 4.0])).item()
1.0
"""

import torch

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import in_parts
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def scaled_error(out, target, variance):
    """Mean squared error of (B, K) outputs, each column divided by its variance (K,)."""
    return ((out - target).square() / variance).mean()


class Recall(ClassIncrementalMethod):
    card = Card(
        title="RECALL",
        papers=(Paper("RECALL: Rehearsal-free Continual Learning for Object Classification", 2022,
                      arxiv="2209.14774"),),
        fidelity="core",
        claims=(Beats("lwf", on="forgetting"), Beats("ewc", on="forgetting"),
                Beats("lwf", on="average_accuracy"), Beats("fine-tune", on="average_accuracy")),
    )

    lam: float = param(1.0, "weight of the recorded outputs", low=0.0, high=10.0)
    regularised: bool = param(True, "divide errors of known classes by the variance of their recorded outputs")
    frozen_blocks: int = param(1, "lower blocks that stay as they are", low=0, high=2)

    def begin_session(self, net, session):
        if session.number == 0 and self.frozen_blocks:
            for part in (net.stem, *net.blocks[:self.frozen_blocks]):
                part.requires_grad_(False)
        self.recorded = in_parts(net, session.x)[:, session.old]                         # (N, |old|)
        self.variance = 1.0
        if self.regularised and len(session.old):
            self.variance = self.recorded.var(0, correction=0).clamp(min=1e-3)
        trained = [p for p in net.backbone() if p.requires_grad]
        session.optimise((trained, session.rate), (net.head.parameters(), session.head_rate))

    def loss(self, net, session):
        at = torch.randint(len(session.x), (session.batch_size,)).to(session.y.device)
        out, y = net(session.view(session.x[at])), session.y[at]
        target = (y[:, None] == session.classes[None]).float()
        loss = scaled_error(out[:, session.classes], target, 1.0)
        if not len(session.old):
            return loss
        return loss + self.lam * scaled_error(out[:, session.old], self.recorded[at], self.variance)

    def end_session(self, net, session):
        self.recorded = self.variance = None
