"""Mean Teacher: agree with the average of one's own past weights.

A teacher is the moving average of the student's weights and so knows a little more. On pictures without labels the
student, with another view, is to give the teacher's probabilities; the weight of that rises at first, while the teacher
knows little. The teacher is what is asked in the end.

    loss = CE(y, p(x)) + w(t) mean (p(view) - p_teacher(other view))^2
    w(t) = 100 exp(-5 (1 - min(1, t / T))^2),   teacher <- m teacher + (1 - m) student,   m = min(1 - 1 / (t + 1), m0)

Departs from the paper: network, views and optimiser are the arena's; the teacher is followed on pictures without labels
alone (the paper's on all), and the cross-entropy is averaged over those with labels (the authors' code divides it by
all of the batch, so that it weighs a fourth); m0 is 0.99, as there are some hundred steps, and the weight rises over a
fifth of them.

>>> round(ramp(0.1, 100.0), 2)                                                                # 100 exp(-5 / 4)
28.65
"""

import math

import torch
import torch.nn.functional as F

from methods.arenas.semi_supervised.arena import SemiSupervisedMethod
from methods.arenas.semi_supervised.stage.nets import follow, frozen_copy
from methods.arenas.semi_supervised.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def ramp(progress, full):
    return full * math.exp(-5 * (1 - min(1.0, progress / 0.2)) ** 2)


class MeanTeacher(SemiSupervisedMethod):
    card = Card(
        title="Mean Teacher",
        papers=(Paper("Mean teachers are better role models: Weight-averaged consistency targets improve "
                      "semi-supervised deep learning results", 2017, arxiv="1703.01780"),),
        fidelity="core",
        claims=(Beats("labels-only", on="accuracy"),),
    )

    rate: float = rate_factor(3.0)
    weight: float = param(100.0, "full weight of agreeing with the teacher", low=0.0, high=500.0)
    momentum: float = param(0.99, "what the teacher keeps of itself in a step, at most", low=0.0, high=0.999)

    def network(self, task):
        net = task.network()
        self.teacher = frozen_copy(net)
        return net

    def loss(self, net, batch, task):
        said, free = net(torch.cat([batch.x, batch.weak])).split([len(batch.x), len(batch.weak)])
        with torch.no_grad():
            taught = self.teacher(task.again(batch.rows)).softmax(1)
        return F.cross_entropy(said, batch.y) + ramp(task.progress, self.weight) * F.mse_loss(free.softmax(1), taught)

    def after_step(self, net, task):
        follow(self.teacher, net, min(1 - 1 / (task.step + 1), self.momentum))

    def finish(self, net, task):
        return self.teacher
