"""APER: adapt a copy of the network to the first session, and classify by the means of both copies' features.

Prototypes on a frozen network generalise but do not adapt; fine-tuning in every session adapts and forgets. APER
(first called ADAM) adapts once: a copy of the network, or an adapter in it, is trained on the first session and
then frozen. From then on each class is represented by the mean of the concatenated features of the original and the
adapted network, compared by cosine.

    z(x) = [phi(x), phi*(x)],   y(x) = argmax_c cos(z(x), mean of z over class c)

Departs from the paper: of its ways to adapt, adapters and full fine-tuning are offered; an adapter follows the
feed-forward part, with a GELU, where theirs runs beside it, with a ReLU and a factor of 0.1, and the first session's
classifier is linear where theirs is a cosine.

>>> import torch
>>> both(torch.tensor([[1.0]]), torch.tensor([[2.0, 3.0]])).tolist()
[[1.0, 2.0, 3.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import class_means, frozen_copy, in_parts, only
from methods.kit.adapters import Bottleneck
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


def both(z, adapted):
    """(B, 2D)"""
    return torch.cat([z, adapted], 1)


class Aper(ClassIncrementalMethod):
    card = Card(
        title="APER / ADAM",
        papers=(Paper("Revisiting Class-Incremental Learning with Pre-Trained Models: Generalizability and "
                      "Adaptivity are All You Need", 2023, arxiv="2303.07338", covers="its method, ADAM"),),
        fidelity="faithful",
        claims=(Beats("simple-cil", on="average_accuracy"), Beats("l2p", on="average_accuracy"),
                GainGrows("simple-cil", on="average_accuracy", to="weak-pretraining")),
    )

    adapt: str = param("adapter", "what is trained in the first session", choices=("adapter", "full"))

    def begin_session(self, net, session):
        if session.number:
            return
        self.original = frozen_copy(net)
        self.weights = session.names.new_zeros(session.total, 2 * net.width)
        if self.adapt == "full":
            session.optimise((net.backbone(), session.rate), (net.head.parameters(), session.head_rate))
            return
        net.requires_grad_(False)
        for block in net.blocks:
            block.after_feed = Bottleneck(net.width, 16)
        net.to(session.x.device)
        adapters = [p for block in net.blocks for p in block.after_feed.parameters()]
        session.optimise((adapters, session.part_rate), (net.head.parameters(), session.head_rate))

    def loss(self, net, session):
        if session.number:
            return None
        x, y = session.draw()
        return F.cross_entropy(only(net(x), session.classes), y)

    def end_session(self, net, session):
        z = in_parts(lambda x: self.features(net, x), session.x)
        self.weights[session.new] = class_means(z, session.y, session.new)

    def features(self, net, x):
        return both(self.original.features(x), net.features(x))

    def scores(self, net, x):
        return F.normalize(self.features(net, x), dim=1) @ F.normalize(self.weights, dim=1).T
