"""Synaptic intelligence: count how much each weight has done for the loss, along the way.

While a session is learned, the product of each weight's gradient and its movement adds up to its share in the fall
of the loss. Divided by how far it has moved, this is its importance, and later sessions are held back in
proportion, as in EWC but at no extra pass.

    omega_i = sum over steps of -g_i dtheta_i,   Omega_i += max(omega_i, 0) / (Delta_i^2 + xi)
    loss = CE + c sum_i Omega_i (theta_i - theta*_i)^2

That no importance is negative is from the authors' code, which cuts the sum of all sessions at zero.

Follows the paper.

>>> import torch
>>> importance(torch.tensor([2.0, -1.0]), torch.tensor([1.0, 1.0]), 1.0).tolist()             # 2 / (1 + 1), none
[1.0, 0.0]
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def importance(omega, moved, xi):
    """What a weight did for the loss, per squared distance moved."""
    return omega.clamp(min=0) / (moved.square() + xi)


class Si(ClassIncrementalMethod):
    card = Card(
        title="Synaptic intelligence",
        papers=(Paper("Continual Learning Through Synaptic Intelligence", 2017, arxiv="1703.04200"),),
        fidelity="faithful",
        claims=(Beats("fine-tune", on="forgetting"),),
    )

    c: float = param(1.0, "strength of the pull back to the old weights", low=0.0, high=100.0)
    xi: float = param(1e-3, "keeps weights that hardly moved from mattering", low=1e-6, high=1.0)

    def begin_session(self, net, session):
        self.weights = [*net.backbone(), *net.head.parameters()]
        if session.number == 0:
            self.total = [torch.zeros_like(p) for p in self.weights]
        self.old = [p.detach().clone() for p in self.weights]
        self.omega = [torch.zeros_like(p) for p in self.weights]
        self.last = None

    def loss(self, net, session):
        x, y = session.draw()
        task = F.cross_entropy(only(net(x), session.competing), y)
        gradients = torch.autograd.grad(task, self.weights, retain_graph=True)
        self.account([g.detach() for g in gradients])
        pull = sum((w * (p - o).square()).sum()
                   for w, p, o in zip(self.total, self.weights, self.old, strict=True))
        return task + self.c * pull

    def account(self, gradients):
        """Book the step made since the last call under the gradient it followed."""
        here = [p.detach().clone() for p in self.weights]
        if self.last is not None:
            for omega, g, now, then in zip(self.omega, self.last[0], here, self.last[1], strict=True):
                omega -= g * (now - then)
        self.last = gradients, here

    def end_session(self, net, session):
        self.account([torch.zeros_like(p) for p in self.weights])
        for total, omega, p, old in zip(self.total, self.omega, self.weights, self.old, strict=True):
            total += importance(omega, p - old, self.xi)
        self.omega = self.last = None
