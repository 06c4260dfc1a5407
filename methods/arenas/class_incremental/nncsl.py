"""NNCSL: label by soft nearest neighbours among the few labelled pictures, and distil that relation.

A labelled support batch, of the session and the kept pictures, gives every picture a soft label: the support labels
weighted by similarity. For pictures without label the sharpened answer for one view is the target of another, and
the mean answer is kept spread out. The network before the session answers in the same way over the kept support;
the current one must agree, so that old classes keep their neighbours.

    p(y | x) = sum_j softmax_j(cos(z, z_j) / tau) y_j,   loss = CE + H(sharp(p_1), p_2) - H(mean p) + lam KL(p_old || p)

Departs from the paper: there is one head, and pictures are shifted and blanked in place of its stronger views.

>>> import torch
>>> support, labels = torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.eye(2)
>>> soft_neighbours(torch.tensor([[1.0, 1.0]]), support, labels, 0.1).tolist()
[[0.5, 0.5]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import frozen_copy, only, with_memory
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def soft_neighbours(z, support, labels, tau):
    """(B, C): labels (S, C) of the support (S, D) weighted by similarity to z (B, D)."""
    return (F.normalize(z, dim=1) @ F.normalize(support, dim=1).T / tau).softmax(1) @ labels


def sharpened(p, power=4.0):
    """p to a power, as probabilities again."""
    return p**power / (p**power).sum(1, keepdim=True)


class Nncsl(ClassIncrementalMethod):
    card = Card(
        title="NNCSL (soft nearest neighbours)",
        papers=(Paper("A soft nearest-neighbor framework for continual semi-supervised learning", 2022,
                      arxiv="2212.05102"),),
        fidelity="core",
        claims=(Beats("experience-replay", on="average_accuracy", setting="few-labels"),
                Beats("icarl", on="average_accuracy", setting="few-labels"),
                Beats("der", on="average_accuracy", setting="few-labels"),
                Beats("lwf", on="average_accuracy", setting="few-labels")),
    )

    tau: float = param(0.1, "temperature of the neighbours", low=0.02, high=1.0)
    lam: float = param(1.0, "weight of the distilled neighbours", low=0.0, high=5.0)
    unlabelled: float = param(1.0, "weight of the pictures without label", low=0.0, high=5.0)

    def begin_session(self, net, session):
        self.teacher = frozen_copy(net) if session.number else None

    def loss(self, net, session):
        x, y = with_memory(session, 0.5)
        x, y = x[::2], y[::2]                                     # the other half of the budget is for two views
        labels = F.one_hot(y, session.total).float()
        z = net.features(x)
        loss = F.cross_entropy(only(net.head(z), session.competing), y)
        if not len(session.unlabelled):
            return loss
        u = session.draw_unlabelled()[:max(len(x) // 2, 1)]
        weak, strong = session.view(u), session.strong_view(u)
        z_weak, z_strong = net.features(torch.cat([weak, strong])).chunk(2)
        p, q = (soft_neighbours(each, z, labels, self.tau).clamp(min=1e-6) for each in (z_weak, z_strong))
        agree = -(sharpened(p).detach() * q.log()).sum(1).mean()
        mean = sharpened(p).mean(0).clamp(min=1e-6)
        loss = loss + self.unlabelled * (agree + (mean * mean.log()).sum())
        old = torch.isin(y, session.old)
        if self.teacher is None or not old.any():
            return loss
        with torch.no_grad():
            seen = torch.cat([weak, x])
            before = soft_neighbours(self.teacher.features(seen), self.teacher.features(x[old]), labels[old], self.tau)
        now = soft_neighbours(torch.cat([z_weak, z]), z[old], labels[old], self.tau).clamp(min=1e-6)
        return loss + self.lam * F.kl_div(now.log(), before, reduction="batchmean")

    def end_session(self, net, session):
        session.memory.share(session.x, session.y)
        self.teacher = None
