"""Curriculum designer: choose the order of the classes by how far apart their features are.

The same classes in another order give another accuracy, for people and machines alike. Each class is described by the
mean of the starting network's features. Many random orders are drawn and scored. A good order begins with classes at
the centre, whose distances to all others vary little, and ends with classes that resemble the first ones, so that
these are recalled; the weight passes from the one to the other along the sessions. The order with the highest score
is taught, here to a learner with LwF's loss. Choosing the order is all that differs from LwF.

    score = mean over sessions t of -(1 - u_t) spread std(distances of t's classes) - u_t recall dist(t, first session)
    u_t = t / (T - 1)

Departs from the paper: its advantage is followed in what it rewards, with weights that are parameters here; sessions
hold several classes, orders are drawn instead of all ranked, and one learner is taught in place of several.

>>> import torch
>>> far = torch.tensor([[0.0, 1.0, 2.0, 2.0], [1.0, 0.0, 2.0, 2.0], [2.0, 2.0, 0.0, 3.0], [2.0, 2.0, 3.0, 0.0]])
>>> round(score(far, torch.arange(4), 2, 0.0, 1.0), 4)                     # the last session is 2 from the first; / 2
-1.0
>>> round(score(far, torch.arange(4), 2, 1.0, 0.0), 4)           # distances 1, 2, 2 vary by the root of 2 / 9; / 2
-0.2357
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import class_means, distillation, frozen_copy, in_parts, only
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def score(distance, order, size, spread, recall):
    """How promising an order (C,) in sessions of `size` is, given distances (C, C)."""
    groups = order.split(size)
    others = ~torch.eye(len(distance), dtype=torch.bool)
    varied = distance[others].view(len(distance), -1).std(1, correction=0)                   # (C,)
    later = torch.linspace(0, 1, len(groups))
    begins = torch.stack([varied[g].mean() for g in groups])
    returns = torch.stack([distance[g][:, groups[0]].mean() for g in groups])
    return -((1 - later) * spread * begins + later * recall * returns).mean().item()


class CurriculumDesigner(ClassIncrementalMethod):
    card = Card(
        title="Curriculum designer",
        papers=(Paper("Learning to Learn: How to Continuously Teach Humans and Machines", 2022,
                      arxiv="2211.15470"),),
        fidelity="core",
        claims=(Beats("lwf", on="average_accuracy"), Beats("lwf", on="last_accuracy")),
    )

    spread: float = param(1.0, "worth of beginning with classes whose distances vary little", low=0.0, high=10.0)
    recall: float = param(1.0, "worth of ending with classes close to the first", low=0.0, high=10.0)

    def arrange(self, net, x, y, order, step):
        means = F.normalize(class_means(in_parts(net.features, x), y, order.sort().values.to(y.device)), dim=1)
        distance = (1 - means @ means.T).cpu()
        orders = [order, *(torch.randperm(len(order)) for _ in range(199))]
        worth = [score(distance, each, step, self.spread, self.recall) for each in orders]
        return orders[worth.index(max(worth))]

    def begin_session(self, net, session):
        self.teacher = frozen_copy(net) if session.number else None

    def loss(self, net, session):
        x, y = session.draw()
        logits = net(x)
        loss = F.cross_entropy(only(logits, session.classes), y)
        if self.teacher is None:
            return loss
        return loss + distillation(logits[:, session.old], self.teacher(x)[:, session.old], 2.0)

    def end_session(self, net, session):
        self.teacher = None
