"""CoTTA: learn from a slow teacher's answer to many views, and now and then put weights back to the source's.

In a target that keeps changing, errors of pseudo-labels pile up and the source is forgotten. Against the first a
teacher, the running mean of the student, gives the labels, averaged over several views of the picture where the source
network itself is unsure. Against the second every weight is set back to the source's with a small probability after
each step. All weights are trained, and the teacher answers.

    loss = - sum_c softmax(y')_c log softmax(f(x))_c;   y' = teacher(x) if conf(source(x)) >= p_th,
           else the mean of teacher(view_i(x)), i = 1..N
    teacher <- keep * teacher + (1 - keep) * student
    W <- M * W_0 + (1 - M) * W,   M ~ Bernoulli(p)

As in the authors' code, the logits of views are averaged, the source's confidence is the batch's mean, and all networks
normalise by the batch at hand.

Departs from the paper: views are moved pictures with noise (of words: some blanked out) in place of changes of colour,
and four of them instead of 32.

>>> import torch
>>> w, start = torch.tensor([2.0, 4.0]), torch.tensor([1.0, 1.0])
>>> restored(w, start, torch.tensor([True, False])).tolist()
[1.0, 4.0]
"""

import torch
import torch.nn.functional as F

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import batch_statistics, frozen_copy
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def restored(weight, start, mask):
    return torch.where(mask, start, weight)


class Cotta(DomainAdaptationMethod):
    card = Card(
        title="CoTTA",
        papers=(Paper("Continual Test-Time Domain Adaptation", 2022, arxiv="2203.13591"),),
        fidelity="core",
        claims=(Beats("source-only", on="target_accuracy", setting="continual"),
                Beats("adabn", on="target_accuracy", setting="continual"),
                Beats("tent", on="target_accuracy", setting="continual"),
                Beats("pseudo-label", on="target_accuracy", setting="continual")),
    )

    views: int = param(4, "views whose answers the teacher averages", low=1, high=32)
    threshold: float = param(0.92, "source's confidence below which views are averaged", low=0.0, high=1.0)
    keep: float = param(0.999, "how much of the teacher stays each step", low=0.9, high=1.0)
    restore: float = param(0.01, "chance that a weight is set back after a step", low=0.0, high=0.5)

    def begin(self, net, task):
        if task.number == 0:
            self.teacher, self.source = frozen_copy(net), frozen_copy(net)
            self.random = task.random
        self.steps = 0
        task.optimise((net.parameters(), 1.0))

    def loss(self, net, task):
        _, x = task.target()
        if len(x) < 2:
            return None
        if self.steps:
            self.settle(net)
        self.steps += 1
        with torch.no_grad(), batch_statistics(self.source), batch_statistics(self.teacher):
            if self.source(x).softmax(1).amax(1).mean() < self.threshold:
                wanted = torch.stack([self.teacher(self.moved(task, x)) for _ in range(self.views)]).mean(0)
            else:
                wanted = self.teacher(x)
        with batch_statistics(net):
            return F.cross_entropy(net(x), wanted.softmax(1))

    def moved(self, task, x):
        if x.shape[-1] == 1:
            return task.strong_view(x, 0.1)
        return task.view(x) + 0.1 * torch.randn(x.shape, generator=self.random).to(x)

    @torch.no_grad()
    def settle(self, net):
        """What follows a step: the teacher comes after, then some weights go back."""
        for slow, p, start in zip(self.teacher.parameters(), net.parameters(), self.source.parameters(), strict=True):
            slow.lerp_(p, 1 - self.keep)
            p.copy_(restored(p, start, (torch.rand(p.shape, generator=self.random) < self.restore).to(p.device)))

    def end(self, net, task):
        if self.steps:
            self.settle(net)
        self.steps = 0

    def scores(self, net, x):
        if len(x) < 2:
            return self.teacher(x)
        with batch_statistics(self.teacher):
            return self.teacher(x)
