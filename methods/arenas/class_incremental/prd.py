"""PRD: keep how old prototypes relate to the pictures at hand, without keeping pictures.

Embeddings of the session's pictures are trained by a supervised contrastive loss; prototypes are pulled to the
embeddings of their class but do not push back. For every old prototype the network before the session gives a
distribution over the pictures of the batch, by similarity; the current network and prototypes must give the same
one, so that old prototypes move along with the embeddings. Here a session's prototypes start at its class means.
Pictures are named by the closest prototype.

    P_c(i) = softmax_i(cos(p_c, z_i) / T),   loss = L_supcon + L_proto + beta mean_old KL(P_c^old || P_c)

Departs from the paper: embeddings are the features themselves, without a projection, and a batch has one view of each
picture.

>>> import torch
>>> z = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
>>> relation(torch.tensor([[1.0, 1.0]]), z, 0.1).exp().tolist()                    # equally near to both pictures
[[0.5, 0.5]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import class_means, frozen_copy, in_parts
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def relation(prototypes, z, t):
    """Log of each prototype's (K, D) distribution over the pictures z (B, D): (K, B)."""
    return (F.normalize(prototypes, dim=1) @ F.normalize(z, dim=1).T / t).log_softmax(1)


def contrastive(z, y, t):
    """Supervised contrastive loss of embeddings z (B, D) with labels y (B,)."""
    z = F.normalize(z, dim=1)
    itself = torch.eye(len(y), dtype=torch.bool, device=y.device)
    log_p = (z @ z.T / t).masked_fill(itself, -1e9).log_softmax(1)
    positive = (y[:, None] == y[None]) & ~itself
    each = -(log_p * positive).sum(1) / positive.sum(1).clamp(min=1)
    return each[positive.any(1)].mean() if positive.any() else each.sum() * 0


class Prd(ClassIncrementalMethod):
    card = Card(
        title="Prototype-sample relation distillation",
        papers=(Paper("Prototype-Sample Relation Distillation: Towards Replay-Free Continual Learning", 2023,
                      arxiv="2303.14771"),),
        fidelity="core",
        claims=(Beats("lwf", on="task_accuracy"), Beats("ewc", on="task_accuracy"),
                Beats("lwf", on="average_accuracy"),
                Matches("experience-replay", on="task_accuracy", within=3.0, setting="exemplars", cost="memory")),
    )

    beta: float = param(4.0, "weight of the kept relations", low=0.0, high=32.0)
    t: float = param(0.1, "temperature of similarities", low=0.02, high=1.0)

    def begin_session(self, net, session):
        if session.number == 0:
            net.prototypes = nn.Parameter(torch.zeros(session.total, net.width, device=session.x.device))
        self.teacher = frozen_copy(net) if session.number else None
        with torch.no_grad():
            net.prototypes[session.new] = class_means(in_parts(net.features, session.x), session.y, session.new)
        network = [p for p in net.backbone() if p is not net.prototypes]
        session.optimise((network, session.rate), ([net.prototypes], session.head_rate))

    def loss(self, net, session):
        x, y = session.draw()
        z = net.features(x)
        pulled = F.cosine_similarity(z.detach(), net.prototypes[y])
        loss = contrastive(z, y, self.t) + (1 - pulled).mean()
        if self.teacher is None:
            return loss
        with torch.no_grad():
            before = relation(self.teacher.prototypes[session.old], self.teacher.features(x), self.t)
        now = relation(net.prototypes[session.old], z, self.t)
        return loss + self.beta * F.kl_div(now, before, log_target=True, reduction="batchmean")

    def end_session(self, net, session):
        self.teacher = None

    def scores(self, net, x):
        if not hasattr(net, "prototypes"):
            return net(x)
        return F.normalize(net.features(x), dim=1) @ F.normalize(net.prototypes, dim=1).T
