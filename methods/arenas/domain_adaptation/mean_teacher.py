"""Mean teacher: a slow copy of the network labels weak views, and the network learns them on strong ones.

    teacher <- keep * teacher + (1 - keep) * student;   loss = CE(f(strong), argmax teacher) where the teacher is sure

The frame in which source-free detection adapts, with sure labels alone. The teacher normalises by the batch at hand,
since the student's statistics are those of strong views.
"""

import torch
import torch.nn.functional as F

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import batch_statistics, follow, frozen_copy
from methods.kit.method import Card
from methods.kit.params import param


class MeanTeacher(DomainAdaptationMethod):
    """
    >>> import torch
    >>> from methods.arenas.domain_adaptation.stage.nets import follow
    >>> a, b = torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False)
    >>> with torch.no_grad():
    ...     _ = a.weight.fill_(1.0), b.weight.fill_(2.0)
    >>> follow(a, b, 0.9)
    >>> round(a.weight.item(), 2)                        # 0.9 * 1 + 0.1 * 2
    1.1
    """

    card = Card(title="Mean teacher")

    threshold: float = param(0.8, "probability from which the teacher is believed", low=0.0, high=1.0)

    def begin(self, net, task):
        self.teacher = frozen_copy(net)
        task.optimise((net.parameters(), 1.0))

    def loss(self, net, task):
        _, x = task.target()
        if len(x) < 2:
            return None
        follow(self.teacher, net, 0.99)
        with torch.no_grad(), batch_statistics(self.teacher):
            sure, labels = self.teacher(x).softmax(1).max(1)
        logits = net(task.strong_view(x))
        loss = (F.cross_entropy(logits, labels, reduction="none") * (sure > self.threshold)).mean()
        supervised = self.supervised(net, task)
        return loss if supervised is None else loss + supervised
