"""EWC: hold on to each weight as firmly as the old sessions needed it.

After a session the diagonal of the Fisher information says how much the network's answers depend on each weight.
In later sessions a quadratic penalty pulls every weight back to its old value in proportion to that.

    loss = CE + (lam / 2) sum_i F_i (theta_i - theta*_i)^2,   F_i = E[(d log p(y | x) / d theta_i)^2]      (eq. 3)

Departs from the paper: the Fisher information of all sessions is summed around the last weights instead of keeping one
penalty per session, and is estimated from 50 pictures with labels drawn from the model.

>>> import torch
>>> w, old, fisher = [torch.tensor([2.0, 1.0])], [torch.tensor([1.0, 1.0])], [torch.tensor([3.0, 9.0])]
>>> pull(w, old, fisher).item()                                                     # 3 * (2 - 1)^2 / 2
1.5
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def pull(weights, old, importance):
    """Half the importance-weighted squared distance between two lists of tensors."""
    return 0.5 * sum((f * (w - o).square()).sum() for w, o, f in zip(weights, old, importance, strict=True))


class Ewc(ClassIncrementalMethod):
    card = Card(
        title="Elastic weight consolidation",
        papers=(Paper("Overcoming catastrophic forgetting in neural networks", 2016, arxiv="1612.00796"),),
        fidelity="faithful",
        claims=(Beats("fine-tune", on="forgetting"), Beats("fine-tune", on="average_accuracy")),
        reduces_to=("fine-tune", {"lam": 0.0}),
    )

    lam: float = param(300.0, "strength of the pull back to the old weights", low=0.0, high=1e5)

    def begin_session(self, net, session):
        self.weights = [*net.backbone(), *net.head.parameters()]
        if session.number == 0 and self.lam:
            self.fisher = [torch.zeros_like(p) for p in self.weights]
            self.old = [p.detach().clone() for p in self.weights]

    def loss(self, net, session):
        x, y = session.draw()
        loss = F.cross_entropy(only(net(x), session.competing), y)
        return loss + self.lam * pull(self.weights, self.old, self.fisher) if self.lam else loss

    def end_session(self, net, session):
        if not self.lam:
            return
        some = session.x[torch.randperm(len(session.x))[:50].to(session.x.device)]
        for picture in some:
            with torch.enable_grad():
                log_p = only(net(picture[None]), session.seen).log_softmax(1)
                label = torch.multinomial(log_p.detach().exp(), 1)
                gradients = torch.autograd.grad(log_p.gather(1, label).sum(), self.weights)
            for f, gradient in zip(self.fisher, gradients, strict=True):
                f += gradient.square() / len(some)
        self.old = [p.detach().clone() for p in self.weights]
