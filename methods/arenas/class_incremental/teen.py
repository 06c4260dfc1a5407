"""TEEN: move a new class's few-shot prototype towards the first session's classes it resembles.

The means of few pictures are unreliable, and pictures of new classes tend to be taken for similar classes of the
first session. Those similar classes also tell where the new one should be: its prototype is mixed with the first
session's prototypes, weighted by a softmax of their cosine. Prototypes have unit length, and nothing is trained
after the first session.

    w_nb = softmax_b(tau cos(c_n, c_b)),   c_n' = alpha c_n + (1 - alpha) unit(sum_b w_nb c_b)

That the sum has unit length too is the authors' code's.

Follows the paper.

>>> import torch
>>> few, base = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0], [0.0, -1.0]])         # both equally similar
>>> calibrated(few, base, 0.5, 16.0).tolist()
[[0.5, 0.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import CosineHead, class_means, in_parts, only
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def calibrated(new, base, alpha, tau):
    """New prototypes (N, D) mixed with the base ones (K, D)."""
    new, base = F.normalize(new, dim=1), F.normalize(base, dim=1)
    weight = (tau * new @ base.T).softmax(1)
    return alpha * new + (1 - alpha) * F.normalize(weight @ base, dim=1)


class Teen(ClassIncrementalMethod):
    card = Card(
        title="TEEN (training-free prototype calibration)",
        papers=(Paper("Few-Shot Class-Incremental Learning via Training-Free Prototype Calibration", 2023,
                      arxiv="2312.05229"),),
        fidelity="faithful",
        claims=(Beats("decoupled-cosine", on="harmonic_accuracy", setting="few-shot"),
                Beats("fine-tune", on="harmonic_accuracy", setting="few-shot")),
        reduces_to=("decoupled-cosine", {"alpha": 1.0}),
    )

    alpha: float = param(0.5, "share of the class's own mean in its prototype", low=0.0, high=1.0)
    tau: float = param(16.0, "sharpness of the weights over the first session's classes", low=1.0, high=64.0)

    def begin_session(self, net, session):
        if session.number == 0:
            net.head = CosineHead(net.width, session.total)
            net.to(session.x.device)

    def loss(self, net, session):
        if session.number:
            return None
        x, y = session.draw()
        return F.cross_entropy(only(net(x), session.classes), y)

    def end_session(self, net, session):
        z, new = in_parts(net.features, session.x), session.new
        means = class_means(z, session.y, new)
        if session.number == 0:
            self.base = new
        elif self.alpha < 1:
            means = calibrated(means, net.head.weight[self.base], self.alpha, self.tau)
        with torch.no_grad():
            net.head.weight[new] = means
