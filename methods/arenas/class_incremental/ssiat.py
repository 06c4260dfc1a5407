"""SSIAT: tune one shared adapter freely, then move the old prototypes by the shift that new pictures reveal.

The network is frozen but for one adapter that every session trains on, without any constraint, under a cosine
classifier for the session's classes. Comparing features of the session's pictures before and after shows how the
representation moved; each old class mean is moved by the shifts nearby. Then one classifier for all classes is
trained on features drawn from Gaussians at the moved means.

    mu_c <- mu_c + sum_i w_i (f_t(x_i) - f_{t-1}(x_i)) / sum_i w_i,   w_i = exp(-|f_{t-1}(x_i) - mu_c|^2 / (2 sigma^2))

Departs from the paper: sigma is a share of the mean distance between features, and the network is a small one.

>>> import torch
>>> before, after = torch.tensor([[0.0, 0.0], [9.0, 9.0]]), torch.tensor([[1.0, 0.0], [9.0, 9.0]])
>>> [round(v, 3) for v in shifted(torch.tensor([[0.0, 0.0]]), before, after, 1.0)[0].tolist()]    # the near one rules
[1.0, 0.0]
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import CosineHead, Gaussians, align, in_parts, only
from methods.kit.adapters import Bottleneck
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def shifted(means, before, after, sigma):
    """Means (K, D) moved by the weighted mean shift of features (N, D)."""
    weight = (-torch.cdist(means, before).square() / (2 * sigma**2)).softmax(1)
    return means + weight @ (after - before)


class Ssiat(ClassIncrementalMethod):
    card = Card(
        title="SSIAT",
        papers=(Paper("Semantically-Shifted Incremental Adapter-Tuning is A Continual ViTransformer", 2024,
                      arxiv="2403.19979"),),
        fidelity="core",
        claims=(Beats("simple-cil", on="average_accuracy"), Beats("aper", on="average_accuracy"),
                Beats("l2p", on="average_accuracy"), Beats("slca", on="average_accuracy")),
    )

    sigma: float = param(0.5, "reach of a shift, in mean distances between features", low=0.05, high=4.0)
    margin: float = param(0.1, "cosine by which the right class must lead", low=0.0, high=0.5)

    def begin_session(self, net, session):
        if session.number == 0:
            net.requires_grad_(False)
            for block in net.blocks:
                block.after_feed = Bottleneck(net.width, 16)
            net.head = CosineHead(net.width, session.total)
            self.gaussians = Gaussians()
            net.to(session.x.device)
        self.before = in_parts(net.features, session.x) if session.number else None
        adapters = [p for block in net.blocks for p in block.after_feed.parameters()]
        session.optimise((adapters, session.part_rate), (net.head.parameters(), session.head_rate))

    def loss(self, net, session):
        x, y = session.draw()
        logits = net(x) - net.head.scale * self.margin * F.one_hot(y, session.total)
        return F.cross_entropy(only(logits, session.classes), y)

    def end_session(self, net, session):
        after = in_parts(net.features, session.x)
        if self.before is not None and len(session.old):
            sigma = self.sigma * torch.pdist(self.before[:200]).mean()
            moved = shifted(self.gaussians.matrix(session.old), self.before, after, sigma)
            for c, mean in zip(session.old.tolist(), moved, strict=True):
                self.gaussians.means[c] = mean
        self.gaussians.add(after, session.y)
        self.before = None
        with torch.enable_grad():
            align(net.head, self.gaussians, 100, 0.05)
