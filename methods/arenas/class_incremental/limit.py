"""LIMIT: rehearse few-shot increments inside the first session, and learn to calibrate old and new class weights.

From the first session, fake incremental tasks are sampled: some of its classes play the old ones, with their trained
weights, others play new ones of which only a few pictures give a prototype. A small transformer reads the picture's
features, the old weights and the new prototypes as one set and adjusts them all; it is trained so that the adjusted
features are named rightly among all of them. In real increments only prototypes are added.

    [q', W', P'] = Transformer([q, W, P]),   logits = s cos(q', [W', P'])

Departs from the paper: one transformer layer, and one fake phase at a time; the network is trained in the first half
of the first session and the calibration with it in the second.

>>> import torch
>>> old, new = fake_phase(torch.arange(6), torch.tensor([3, 0, 5, 1, 2, 4]), 2)
>>> old.tolist(), new.tolist()
([5, 1, 2, 4], [3, 0])
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import CosineHead, class_means, in_parts, only
from methods.kit.adapters import Block
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def fake_phase(classes, order, many):
    """Split classes by a random order into those that stay and `many` that play new ones."""
    return classes[order[many:]], classes[order[:many]]


class Limit(ClassIncrementalMethod):
    card = Card(
        title="LIMIT",
        papers=(Paper("Few-Shot Class-Incremental Learning by Sampling Multi-Phase Tasks", 2022,
                      arxiv="2203.17030"),),
        fidelity="core",
        claims=(Beats("decoupled-cosine", on="last_accuracy", setting="few-shot"),
                Beats("decoupled-cosine", on="harmonic_accuracy", setting="few-shot"),
                Beats("fine-tune", on="last_accuracy", setting="few-shot")),
    )

    warm: float = param(0.5, "share of the first session before fake tasks begin", low=0.1, high=0.9)
    shots: int = param(5, "pictures of a class that plays new", low=1, high=10)

    def begin_session(self, net, session):
        if session.number:
            return
        net.head = CosineHead(net.width, session.total)
        net.calibration = Block(net.width, 2 * net.width, 1, False)
        for linear in (net.calibration.attention.out, net.calibration.feed.down):
            torch.nn.init.zeros_(linear.weight)
        net.to(session.x.device)
        network = [p for name, p in net.named_parameters() if not name.startswith(("head", "text", "calib"))]
        session.optimise((network, session.rate),
                         ([*net.head.parameters(), *net.calibration.parameters()], session.head_rate))
        self.classes = session.seen

    def loss(self, net, session):
        if session.number:
            return None
        x, y = session.draw()
        if session.progress < self.warm:
            return F.cross_entropy(only(net(x), session.classes), y)
        many = max(1, len(session.classes) // 4)
        old, new = fake_phase(session.classes, torch.randperm(len(session.classes)).to(y.device), many)
        rows = torch.cat([torch.nonzero(session.y == c)[:, 0] for c in new])
        rows = rows[torch.randperm(len(rows)).to(y.device)]
        rows = torch.cat([rows[session.y[rows] == c][:self.shots] for c in new])
        prototypes = class_means(F.normalize(in_parts(net.features, session.x[rows]), dim=1), session.y[rows], new)
        weights = torch.cat([F.normalize(net.head.weight[old], dim=1), prototypes])
        place = torch.empty(session.total, dtype=torch.long, device=y.device)
        place[torch.cat([old, new])] = torch.arange(len(weights), device=y.device)
        return F.cross_entropy(self.calibrated(net, net.features(x), weights), place[y])

    def calibrated(self, net, z, weights):
        """Logits (B, K) of features z (B, D) for the set of weights (K, D)."""
        size = net.width**0.5                                       # of what the norm layers are used to
        tokens = torch.cat([F.normalize(z, dim=1)[:, None], F.normalize(weights, dim=1).expand(len(z), -1, -1)], 1)
        out = F.normalize(net.calibration(size * tokens), dim=2)
        return net.head.scale * (out[:, 1:] @ out[:, 0, :, None])[:, :, 0]

    def end_session(self, net, session):
        z = F.normalize(in_parts(net.features, session.x), dim=1)
        net.head.weight[session.new] = class_means(z, session.y, session.new)
        self.classes = session.seen

    def scores(self, net, x):
        out = net(x)
        if hasattr(net, "calibration"):
            out = out - 100.0
            out[:, self.classes] = self.calibrated(net, net.features(x), net.head.weight[self.classes])
        return out
