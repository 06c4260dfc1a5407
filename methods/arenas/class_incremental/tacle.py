"""TACLE: learn sessions with few labels by pseudo-labels whose threshold and weights know about tasks and classes.

Each session has a few labelled pictures and many without. The network answers a plain view of an unlabelled picture;
if it is sure enough the answer is taught to a strong view. As classes accumulate answers become less sure, so the
threshold falls from session to session. Every class's loss is weighted by the inverse of how many labelled and
pseudo-labelled pictures it has had. After the session the classifier is aligned on Gaussians of all classes' features,
estimated from labelled and surely pseudo-labelled pictures.

    tau_t = tau - drop * t / (T - 1),   w_c = K (1 / n_c) / sum_j (1 / n_j)

Departs from the paper: the threshold falls linearly, and the network learns slowly as in SLCA, at a hundredth of the
classifier's rate instead of the arena's rate of networks.

>>> import torch
>>> threshold(0.9, 0.2, 0, 5), round(threshold(0.9, 0.2, 4, 5), 2)
(0.9, 0.7)
>>> balance(torch.tensor([1.0, 3.0])).tolist()                                          # 2 * (1, 1/3) / (4/3)
[1.5, 0.5]
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import Gaussians, align, in_parts, only
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def threshold(tau, drop, number, sessions):
    """The confidence asked for in session `number` of `sessions`."""
    return tau - drop * number / max(sessions - 1, 1)


def balance(counts):
    """(K,) inverse counts with mean one."""
    inverse = 1 / counts.clamp(min=1)
    return len(counts) * inverse / inverse.sum()


class Tacle(ClassIncrementalMethod):
    card = Card(
        title="TACLE",
        papers=(Paper("TACLE: Task and Class-aware Exemplar-free Semi-supervised Class Incremental Learning", 2024,
                      arxiv="2407.08041"),),
        fidelity="core",
        claims=(Beats("slca", on="average_accuracy", setting="few-labels"),
                Beats("nearest-class-mean", on="average_accuracy", setting="few-labels"),
                Beats("lwf", on="average_accuracy", setting="few-labels")),
    )

    tau: float = param(0.9, "confidence asked of pseudo-labels in the first session", low=0.3, high=0.99)
    drop: float = param(0.3, "how far the threshold falls until the last session", low=0.0, high=0.6)
    slow: float = param(0.01, "the network's rate as a share of the classifier's", low=0.0, high=1.0)

    def begin_session(self, net, session):
        if session.number == 0:
            self.gaussians = Gaussians()
        self.threshold = max(threshold(self.tau, self.drop, session.number, session.sessions), 0.0)
        self.counts = torch.bincount(session.y, minlength=session.total).float()
        session.optimise((net.backbone(), self.slow * session.head_rate), (net.head.parameters(), session.head_rate))

    def loss(self, net, session):
        weight = torch.ones_like(self.counts)
        weight[session.classes] = balance(self.counts[session.classes])
        x, y = session.draw(session.batch_size // 2)
        loss = F.cross_entropy(only(net(x), session.classes), y, weight)
        if not len(session.unlabelled):
            return loss
        u = session.draw_unlabelled()[:session.batch_size - len(x)]
        with torch.no_grad():
            sure, label = only(net(session.view(u)), session.classes).softmax(1).max(1)
        taken = (sure > self.threshold).float()
        self.counts.index_add_(0, label, taken / 10)
        each = F.cross_entropy(only(net(session.strong_view(u)), session.classes), label, weight, reduction="none")
        return loss + (each * taken).mean()

    def end_session(self, net, session):
        z, y = in_parts(net.features, session.x), session.y
        if len(session.unlabelled):
            u = in_parts(net.features, session.unlabelled)
            sure, label = only(net.head(u), session.classes).softmax(1).max(1)
            taken = sure > self.threshold
            z, y = torch.cat([z, u[taken]]), torch.cat([y, label[taken]])
        self.gaussians.add(z, y)
        with torch.enable_grad():
            align(net.head, self.gaussians, 100, 0.05, 0.1)
