"""FST: let the teacher average weights that the student will only have in the next steps.

A teacher made of past weights names pictures a little behind the time. Here the student first takes K steps on trial,
the teacher takes up what it becomes, the student goes back, and the real step is taken with the names of the teacher
that has seen the future. The pictures of all these steps are the same.

    K times: teacher <- m teacher + (1 - m) student, student <- student - trial step
    teacher <- m teacher + (1 - m) student;   student back;   student <- student - step with the teacher's names

Departs from the paper: a small classifier stands for segmentation, network, views and optimiser are the arena's, whole
batches are not mixed across pictures, K is 1 (3 in the authors' runs), and m0 is 0.99, as there are some hundred steps.
As in the authors' code, trial steps move the optimiser's averages too, and the first step has no trial.

>>> import torch
>>> teacher, student, after = 0.0, 1.0, 3.0                              # the trial step leads from 1 to 3; m = 1/2
>>> 0.5 * (0.5 * teacher + 0.5 * student) + 0.5 * after                   # beside 0.5 without the future
1.75
"""

import torch
import torch.nn.functional as F

from methods.arenas.semi_supervised.arena import SemiSupervisedMethod
from methods.arenas.semi_supervised.stage.nets import follow, frozen_copy
from methods.arenas.semi_supervised.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def taught(weak, strong, tau):
    top, named = weak.softmax(1).max(1)
    return (top >= tau).to(strong.dtype).mean() * F.cross_entropy(strong, named)


class Fst(SemiSupervisedMethod):
    card = Card(
        title="FST",
        papers=(Paper("Learning from Future: A Novel Self-Training Framework for Semantic Segmentation", 2022,
                      arxiv="2209.06993"),),
        fidelity="core",
        claims=(Beats("mean-teacher-self-training", on="accuracy", setting="other-style-steps"),
                Beats("mean-teacher-self-training", on="accuracy", setting="other-style")),
        reduces_to=("mean-teacher-self-training", {"ahead": 0}),
    )

    rate: float = rate_factor(3.0)
    ahead: int = param(1, "K: steps on trial before each step", low=0, high=5)
    tau: float = param(0.968, "probability from which the teacher is sure", low=0.1, high=0.999)
    momentum: float = param(0.99, "what the teacher keeps of itself in a step, at most", low=0.0, high=0.999)

    def network(self, task):
        net = task.network()
        self.teacher = frozen_copy(net)
        return net

    def step(self, net, task):
        batch, keep = task.draw(), min(1 - 1 / (task.step + 1), self.momentum)
        here = [p.detach().clone() for p in net.parameters()]
        for _ in range(self.ahead if task.step else 0):
            follow(self.teacher, net, keep)
            task.move(self.learn(net, batch))
        follow(self.teacher, net, keep)
        with torch.no_grad():
            for p, was in zip(net.parameters(), here, strict=True):
                p.copy_(was)
        return self.learn(net, batch)

    def learn(self, net, batch):
        x, strong = net(torch.cat([batch.x, batch.strong])).split([len(batch.x), len(batch.strong)])
        with torch.no_grad():
            weak = self.teacher(batch.weak)
        return F.cross_entropy(x, batch.y) + taught(weak, strong, self.tau)
