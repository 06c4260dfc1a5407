"""ImbSAM: seek a flat valley for the rare classes only.

Sharpness-aware minimisation treats every class alike, so the frequent ones decide in which direction it looks for
trouble, while it is the rare classes that overfit. ImbSAM splits the loss by class: the head's part gives its plain
gradient, the tail's part is climbed along its own gradient first and differentiated there.

    eps = rho * grad L_tail(w) / ||grad L_tail(w)||
    w  <- w - lr * (grad L_head(w) + grad L_tail(w + eps))

Only the tail's pictures pass through the network a second time.

Departs from the paper: the two parts count as the paper writes them, where one of the authors' own programs doubles the
tail's.

>>> import torch
>>> is_tail(torch.tensor([500.0, 14.0, 5.0]), eta=10).tolist()
[False, False, True]
"""

import torch
import torch.nn.functional as F

from methods.arenas.long_tail.arena import LongTailMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def is_tail(counts, eta):
    """(C,) which classes have fewer than eta training pictures."""
    return counts < eta


class ImbSam(LongTailMethod):
    card = Card(
        title="ImbSAM",
        papers=(Paper("ImbSAM: A Closer Look at Sharpness-Aware Minimization in Class-Imbalanced Recognition", 2023,
                      arxiv="2308.07815"),),
        fidelity="faithful",
        claims=(Beats("sam", on="tail_accuracy"), Beats("cross-entropy", on="tail_accuracy"),
                Beats("sam", on="balanced_accuracy")),
        reduces_to=("cross-entropy", {"eta": 0}),
    )

    rho: float = param(0.05, "distance of the climb in weight space", low=0.0, high=1.0)
    eta: int = param(20, "classes with fewer training pictures are the tail", low=0, high=1000)

    def prepare(self, net, task):
        self.tail = is_tail(task.counts, self.eta)

    def step(self, net, task):
        batch = task.draw()
        tail = self.tail[batch.y]
        each = F.cross_entropy(net(batch.x), batch.y, reduction="none")
        loss = each.mean()
        if not tail.any():
            loss.backward()
            return loss
        weights = [p for p in net.parameters() if p.requires_grad]
        climb = torch.autograd.grad(each[tail].sum() / len(each), weights, retain_graph=True)
        (each[~tail].sum() / len(each)).backward()
        length = torch.stack([g.norm() for g in climb]).norm() + 1e-16
        with torch.no_grad():
            for p, g in zip(weights, climb, strict=True):
                p.add_(self.rho * g / length)
        away = F.cross_entropy(net(batch.x[tail]), batch.y[tail], reduction="sum") / len(each)
        away.backward()
        with torch.no_grad():
            for p, g in zip(weights, climb, strict=True):
                p.sub_(self.rho * g / length)
        return loss
