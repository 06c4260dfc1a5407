"""iCaRL: keep well-chosen pictures, distil the old answers, and name by the nearest mean of the kept.

Every class has a sigmoid of its own. On the session's and the kept pictures, new classes learn their labels while
the outputs of old classes are held at what the network said before the session. Afterwards herding picks pictures
whose running mean of features stays closest to the class mean. A picture is named after the class whose kept
pictures have the closest mean feature.

    loss = sum over old c of BCE(g_c(x), q_c(x)) + sum over new c of BCE(g_c(x), [y = c]),   q = old network   (alg. 3)
    p_k = argmin_x |mu - (1 / k)(phi(x) + sum_{j < k} phi(p_j))|                                           (alg. 4)

Follows the paper.

>>> import torch
>>> herding(torch.tensor([[0.0], [1.0], [5.0]]), 2).tolist()        # mean 2: first 1 is closest, then (1 + 5) / 2 = 3
[1, 2]
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import class_means, frozen_copy, herding, in_parts, with_memory
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Icarl(ClassIncrementalMethod):
    card = Card(
        title="iCaRL",
        papers=(Paper("iCaRL: Incremental Classifier and Representation Learning", 2016, arxiv="1611.07725"),),
        fidelity="faithful",
        claims=(Beats("lwf", on="average_accuracy", setting="exemplars"),
                Beats("fine-tune", on="average_accuracy", setting="exemplars")),
    )

    distil: float = param(1.0, "weight of the old classes' outputs in the loss", low=0.0, high=4.0)

    def begin_session(self, net, session):
        self.teacher = frozen_copy(net) if session.number else None

    def loss(self, net, session):
        x, y = with_memory(session)
        logits = net(x)
        target = F.one_hot(y, session.total).float()
        weight = torch.zeros(session.total, device=y.device)
        weight[session.classes] = 1.0
        if self.teacher is not None:
            target[:, session.old] = self.teacher(x)[:, session.old].sigmoid()
            weight[session.old] = self.distil
        return F.binary_cross_entropy_with_logits(logits, target, weight, reduction="none").sum(1).mean()

    def end_session(self, net, session):
        self.teacher, memory = None, session.memory
        quota = memory.limit // len(session.seen)
        memory.share(session.x, session.y, lambda rows: herding(self._unit(net, rows), quota))
        known = torch.isin(session.seen, memory.y)
        self.classes = session.seen[known]
        self.means = F.normalize(class_means(in_parts(lambda x: self._unit(net, x), memory.x), memory.y,
                                             self.classes), dim=1) if len(memory) else None

    def scores(self, net, x):
        if getattr(self, "means", None) is None:
            return net(x)
        out = x.new_full((len(x), net.head.out_features), -1e4)
        out[:, self.classes] = self._unit(net, x) @ self.means.T
        return out

    @staticmethod
    def _unit(net, x):
        return F.normalize(in_parts(net.features, x), dim=1)
