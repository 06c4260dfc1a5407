"""OVOR: one prompt for all sessions, and made-up outliers that the classifier must be unsure of.

A classifier trained on one session's classes alone is sure of everything, also of pictures of other sessions' classes.
First one shared prompt in front of every layer is trained with the classifier on the session. Then outliers are made
around the features at the edge of the session's classes: from Gaussians around the rows with the largest distance to
their k-th neighbour, the samples farthest from all features are kept. A hinge on the classifier's score, the log of the
summed exponentials of the session's logits, keeps pictures above and outliers below a threshold.

    loss = CE + lam (mean max(0, in - S(z))^2 + mean max(0, S(v) - out)^2),   S = logsumexp over the session's classes

Departs from the paper: the thresholds are set relative to the mean score at the start of the second part; in that part
the prompts go on learning and outliers are made once, where the paper freezes the prompts and trains the classifier
alone; the authors' code makes outliers anew at each epoch and has a Huber loss in place of the square.

>>> import torch
>>> hinge(torch.tensor([3.0, 5.0]), torch.tensor([1.0, 4.0]), 4.0, 2.0).item()          # (1 + 0) / 2 + (0 + 4) / 2
2.5
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import in_parts, only
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def hinge(inside, outside, wanted_in, wanted_out):
    """Squared hinge on the scores of pictures and outliers."""
    return (wanted_in - inside).clamp(min=0).square().mean() + (outside - wanted_out).clamp(min=0).square().mean()


def outliers(z, many, k, spread):
    """(many, D) samples around the sparsest rows of z (N, D), those farthest from all of z."""
    k = min(k, len(z) - 1)
    gaps = torch.cdist(z, z).kthvalue(k + 1, dim=1).values
    edge = z[gaps.topk(min(many, len(z))).indices]
    tries = edge.repeat(4, 1)
    tries = tries + spread * gaps.mean() / z.shape[1] ** 0.5 * torch.randn(tries.shape).to(z.device)
    return tries[torch.cdist(tries, z).kthvalue(k, dim=1).values.topk(min(many, len(tries))).indices]


class Ovor(ClassIncrementalMethod):
    card = Card(
        title="OVOR (virtual outliers, one prompt)",
        papers=(Paper("OVOR: OnePrompt with Virtual Outlier Regularization for Rehearsal-Free Class-Incremental "
                      "Learning", 2024, arxiv="2402.04129"),),
        fidelity="core",
        claims=(Beats("one-prompt", on="last_accuracy"), Beats("one-prompt", on="average_accuracy"),
                Matches("l2p", on="average_accuracy", within=1.0, cost="trained parameters")),
    )

    lam: float = param(0.1, "weight of the hinge", low=0.0, high=2.0)
    spread: float = param(1.5, "size of the noise around edge features, in neighbour distances", low=0.1, high=5.0)
    begins: float = param(0.5, "share of a session before outliers are made", low=0.1, high=0.9)

    def begin_session(self, net, session):
        if session.number == 0:
            net.requires_grad_(False)
            net.prompts = nn.Parameter(0.1 * torch.randn(len(net.blocks), 4, net.width))
            net.to(session.x.device)
        session.optimise(([net.prompts, *net.head.parameters()], session.head_rate))
        self.outliers = None

    def features(self, net, x):
        h = net.embed(x)
        for block, prompt in zip(net.blocks, net.prompts, strict=True):
            h = block(torch.cat([prompt.expand(len(h), -1, -1), h], 1))[:, prompt.shape[0]:]
        return net.pool(h)

    def loss(self, net, session):
        x, y = session.draw()
        z = self.features(net, x)
        logits = net.head(z)
        loss = F.cross_entropy(only(logits, session.classes), y)
        if session.progress < self.begins or not self.lam:
            return loss
        inside = logits[:, session.classes].logsumexp(1)
        if self.outliers is None:
            known = in_parts(lambda part: self.features(net, part), session.x)
            self.outliers = outliers(known, 2 * session.batch_size, 5, self.spread)
            self.wanted = inside.detach().mean()
        at = torch.randint(len(self.outliers), (len(x),)).to(y.device)
        outside = net.head(self.outliers[at])[:, session.classes].logsumexp(1)
        return loss + self.lam * hinge(inside, outside, self.wanted, self.wanted - 4.0)

    def end_session(self, net, session):
        self.outliers = self.wanted = None
