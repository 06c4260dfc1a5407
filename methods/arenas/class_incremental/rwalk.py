"""RWalk: hold weights by how much the answers depend on them and by what they did along the way.

Two kinds of importance are added. One is the Fisher information, kept as a running mean over the steps, as in EWC.
The other follows the path: how much the loss fell with each movement of a weight, relative to how far that movement
took the network's answers. Both are scaled to at most one, by the largest of their tensor.

    s_i = sum over steps of max(-g_i dtheta_i, 0) / ((1 / 2) F_i dtheta_i^2 + eps)
    loss = CE + lam sum_i (F_i + s_i)(theta_i - theta*_i)^2

Departs from the paper: path scores are never begun anew, and the scaled sum of both importances is averaged over
sessions, where the authors' code averages the path scores alone and begins them anew; it scales by the largest of all
weights; and no pictures are kept. Of the study of code models, which compares such learners on a stream of programming
interfaces, only the comparison is followed, on pictures.

>>> import torch
>>> path_score(torch.tensor([-2.0, 2.0]), torch.tensor([1.0, 1.0]), torch.tensor([4.0, 4.0])).tolist()
[1.0, 0.0]
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def path_score(gradient, moved, fisher, eps=1e-8):
    """Fall of the loss with a movement, per distance it moved the answers."""
    return (-gradient * moved).clamp(min=0) / (0.5 * fisher * moved.square() + eps)


class Rwalk(ClassIncrementalMethod):
    card = Card(
        title="RWalk",
        papers=(Paper("Riemannian Walk for Incremental Learning: Understanding Forgetting and Intransigence", 2018,
                      arxiv="1801.10112", covers="the method"),
                Paper("On the Usage of Continual Learning for Out-of-Distribution Generalization in Pre-trained "
                      "Language Models of Code", 2023, arxiv="2305.04106",
                      covers="its finding that regularised learners forget less than naive fine-tuning; on pictures "
                             "instead of code")),
        fidelity="proxy",
        claims=(Beats("fine-tune", on="forgetting"), Beats("fine-tune", on="average_accuracy")),
    )

    lam: float = param(100.0, "strength of the pull back to the old weights", low=0.0, high=1e4)
    keep: float = param(0.9, "how slowly the running Fisher information changes", low=0.0, high=0.99)

    def begin_session(self, net, session):
        self.weights = [*net.backbone(), *net.head.parameters()]
        if session.number == 0:
            self.fisher, self.score, self.total = ([torch.zeros_like(p) for p in self.weights] for _ in range(3))
        self.old, self.last = [p.detach().clone() for p in self.weights], None

    def loss(self, net, session):
        x, y = session.draw()
        task = F.cross_entropy(only(net(x), session.competing), y)
        gradients = torch.autograd.grad(task, self.weights, retain_graph=True)
        self.walk(gradients)
        pull = sum((w * (p - o).square()).sum() for w, p, o in zip(self.total, self.weights, self.old, strict=True))
        return task + self.lam * pull

    def walk(self, gradients):
        """Book the step since the last call, and renew the running Fisher information."""
        here = [p.detach().clone() for p in self.weights]
        if self.last is not None:
            for score, f, g, now, then in zip(self.score, self.fisher, *self.last[:1], here, self.last[1], strict=True):
                score += path_score(g, now - then, f)
        for f, g in zip(self.fisher, gradients, strict=True):
            f.mul_(self.keep).add_(g.square(), alpha=1 - self.keep)
        self.last = gradients, here

    def end_session(self, net, session):
        for total, f, score in zip(self.total, self.fisher, self.score, strict=True):
            held = f / f.max().clamp(min=1e-12) + score / score.max().clamp(min=1e-12)
            total.copy_(held if session.number == 0 else 0.5 * (total + held))
        self.last = None
