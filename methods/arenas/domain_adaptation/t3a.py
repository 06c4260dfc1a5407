"""T3A: leave the network alone and move the classifier's templates to where the target's features lie.

Each class starts with its row of the classifier as its only support. Every test picture joins, with its feature, the
supports of the class the classifier names for it; of each class the K supports of lowest entropy are kept, and their
mean direction is the class's template. Nothing is trained, and only features pass.

    S_k <- S_k + {z / ||z||} for the named class k, its K surest;   c_k = mean of S_k;   answer argmax_k z . c_k

Departs from the paper: K is given, as no source pictures are held out on which it would be chosen; outside a stream all
unlabelled pictures join at once. As in the authors' code, templates have length one.

>>> import torch
>>> z, y, h = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 4.0]]), torch.tensor([0, 0, 1]), torch.tensor([0.1, 0.9, 0.2])
>>> [round(v, 4) for v in templates(z, y, h, 2, 1)[1].flatten().tolist()]          # the surest of each class alone
[1.0, 0.0, 0.6, 0.8]
"""

import torch
import torch.nn.functional as F

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import entropy, predict
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def templates(z, y, h, classes, many):
    """Rows kept of supports z (N, D) of classes y with entropies h, `many` of each class; unit templates (C, D)."""
    rows = torch.cat([of_class[h[of_class].argsort(stable=True)[:many]]
                      for of_class in ((y == c).nonzero()[:, 0] for c in range(classes))])
    member = F.one_hot(y[rows], classes).to(z.dtype)
    return rows, F.normalize(member.T @ F.normalize(z[rows], dim=1), dim=1)


class T3a(DomainAdaptationMethod):
    card = Card(
        title="T3A",
        papers=(Paper("Test-Time Classifier Adjustment Module for Model-Agnostic Domain Generalization", 2021),),
        fidelity="faithful",
        claims=(Beats("source-only", on="target_accuracy", setting="test-time"),
                Beats("tent", on="target_accuracy", setting="test-time"),
                Beats("pseudo-label", on="target_accuracy", setting="test-time")),
    )

    many: int = param(100, "supports kept of each class", low=1, high=500)

    def begin(self, net, task):
        if task.number:
            return
        self.z = net.head.weight.detach().clone()
        self.take(net.head(self.z), task)

    def loss(self, net, task):
        return None

    def end(self, net, task):
        z, logits = predict(net, task.unlabelled)
        self.z = torch.cat([self.z, z])
        self.take(logits, task)

    @torch.no_grad()
    def take(self, logits, task):
        """The newest supports, with these logits, in; then the least sure of each class out."""
        y, h = logits.argmax(1), entropy(logits.softmax(1))
        if len(y) < len(self.z):
            y, h = torch.cat([self.y, y]), torch.cat([self.h, h])
        rows, self.templates = templates(self.z, y, h, task.classes, self.many)
        self.z, self.y, self.h = self.z[rows], y[rows], h[rows]

    def scores(self, net, x):
        return net.features(x) @ self.templates.T
