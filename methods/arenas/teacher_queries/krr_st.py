"""KRR-ST: a few pictures and answers are learnt, so that a ridge regression on them answers as the teacher does.

Pictures begin as some of the pool, their answers as the teacher's. A network of a changing pool of young ones gives
features; by kernel ridge regression on the learnt pictures the answers to real ones are predicted in closed form, and
the error flows into the learnt pictures and answers. Then that network takes one step on these, and is replaced by a
new one when it is old.

    L = mean ||g(x) - K(x, X_s) (K(X_s, X_s) + lam I)^-1 Y_s||^2,   K the dot products of features with a 1 appended,
    lam = 1e-6 tr K(X_s, X_s), no gradient through it;   AdamW at 1e-3 on X_s and Y_s, falling to a thousandth

Departs from the paper: the teacher has learnt labels and its answers are logits, taken without their mean; the last
student learns the learnt pairs by the arena's loss and names classes at once, instead of being pretrained by squared
error and tuned. 60 steps instead of 160,000, four young networks instead of ten, of at most 30 steps, and
neither more than the arena's; pictures stay in
0..1. The teacher is asked about the whole pool.

>>> import torch
>>> k = torch.eye(2)                                                       # each real picture is like one learnt one
>>> told(k, k, torch.tensor([[1.0], [3.0]])).round(decimals=3).flatten().tolist()
[1.0, 3.0]
"""

import torch
import torch.nn.functional as F

from methods.arenas.teacher_queries.arena import TeacherQueriesMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def told(real, learnt, answers):
    """Answers to real pictures by features (N, D) and (M, D) and answers (M, A) of the learnt ones."""
    among = learnt @ learnt.T
    lam = 1e-6 * among.detach().trace()
    eye = torch.eye(len(among), dtype=among.dtype, device=among.device)
    return real @ learnt.T @ torch.linalg.solve(among + lam * eye, answers)


def with_one(features):
    return torch.cat([features, features.new_ones(len(features), 1)], 1).double()


class KrrSt(TeacherQueriesMethod):
    card = Card(
        title="KRR-ST",
        papers=(Paper("Self-Supervised Dataset Distillation for Transfer Learning", 2023, arxiv="2310.06511"),),
        fidelity="core",
        claims=(Beats("random-queries", on="accuracy"), Beats("k-means-queries", on="accuracy")),
        needs_scale=("Pretraining on the learnt pairs transfers to other data sets.",),
    )
    asks_everything = True

    steps: int = param(60, "steps of the learnt pictures and answers", low=1, high=1000)
    rate: float = param(1e-3, "their rate", low=1e-4, high=0.1)
    nets: int = param(4, "young networks", low=1, high=10)
    old: int = param(30, "steps after which a network is replaced", low=2, high=1000)
    batch: int = param(256, "real pictures a step", low=8, high=1024)

    def queries(self, task, many):
        self.rows = task.some(many)
        return task.pool[self.rows]

    def lessons(self, task):
        mean = task.told.mean(0)
        task.count(answers=len(task.pool))
        x = task.asked.clone().requires_grad_()
        y = (task.answers - mean).clone().requires_grad_()
        steps, self.age = (min(each, task.options.steps) for each in (self.steps, self.old))
        optimizer = torch.optim.AdamW([x, y], self.rate, weight_decay=0.0)
        falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 1e-3, steps)
        young = [self._young(task) for _ in range(self.nets)]
        for each in young:
            for _ in range(int(torch.randint(1, max(2, self.age), (1,)))):
                self._older(each, x, y)
        for _ in range(steps):
            i = int(torch.randint(self.nets, (1,)))
            net, rows = young[i][0].eval(), task.some(self.batch)
            with torch.no_grad():
                real = with_one(net.embed(task.pool[rows]))
            loss = F.mse_loss(told(real, with_one(net.embed(x)), y.double()), (task.told[rows] - mean).double())
            x.grad, y.grad = torch.autograd.grad(loss, [x, y])
            optimizer.step()
            falling.step()
            with torch.no_grad():
                x.clamp_(0, 1)
            if young[i][2] >= self.age:
                young[i] = self._young(task)
            else:
                self._older(young[i], x, y)
        return x.detach(), y.detach() + mean

    def _young(self, task):
        net = task.blank()
        return [net, torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=1e-3), 0]

    def _older(self, each, x, y):
        net, optimizer, _ = each
        net.train()
        optimizer.zero_grad(set_to_none=True)
        F.mse_loss(net(x.detach()), y.detach()).backward()
        optimizer.step()
        each[2] += 1
