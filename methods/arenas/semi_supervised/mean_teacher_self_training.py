"""Mean-teacher self-training: a teacher that is the average of past weights names pictures for the student.

The teacher names the weak view, the student learns that name in the strong view, and all of a batch weigh as much as
the share of it that the teacher is sure of. What the future is held against.

    loss = CE(y, p(weak x)) + r mean CE(argmax q, p(strong u)),   q = teacher(weak u),   r = share of max q >= tau
    teacher <- m teacher + (1 - m) student before each step,   m = min(1 - 1 / (t + 1), m0)

>>> import torch
>>> round(taught(torch.tensor([[9.0, 0.0], [0.0, 0.0]]), torch.zeros(2, 2), 0.9).item(), 4)           # log(2) / 2
0.3466
"""

import torch
import torch.nn.functional as F

from methods.arenas.semi_supervised.arena import SemiSupervisedMethod
from methods.arenas.semi_supervised.stage.nets import follow, frozen_copy
from methods.arenas.semi_supervised.stage.task import rate_factor
from methods.kit.method import Card
from methods.kit.params import param


def taught(weak, strong, tau):
    top, named = weak.softmax(1).max(1)
    return (top >= tau).to(strong.dtype).mean() * F.cross_entropy(strong, named)


class MeanTeacherSelfTraining(SemiSupervisedMethod):
    card = Card(title="Mean-teacher self-training")

    rate: float = rate_factor(3.0)
    tau: float = param(0.968, "probability from which the teacher is sure", low=0.1, high=0.999)
    momentum: float = param(0.99, "what the teacher keeps of itself in a step, at most", low=0.0, high=0.999)

    def network(self, task):
        net = task.network()
        self.teacher = frozen_copy(net)
        return net

    def step(self, net, task):
        follow(self.teacher, net, min(1 - 1 / (task.step + 1), self.momentum))
        batch = task.draw()
        x, strong = net(torch.cat([batch.x, batch.strong])).split([len(batch.x), len(batch.strong)])
        with torch.no_grad():
            weak = self.teacher(batch.weak)
        return F.cross_entropy(x, batch.y) + taught(weak, strong, self.tau)
