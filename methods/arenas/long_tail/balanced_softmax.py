"""Balanced meta-softmax (BALMS): give the softmax the class counts, and learn how often to draw each class.

With the class counts inside the softmax, cross-entropy on a long tail estimates what it would on balanced data.
Sampling the classes evenly on top of that would correct twice, so the sampling rates are learned: each step draws a
batch by the current rates, takes a virtual step of the classifier on it, and asks a class-balanced batch how the
rates should change for that step to have served it better.

    loss(f, y) = -log n_y exp f_y / sum_j n_j exp f_j
    drawn picture ~ softmax over pictures of log sigmoid(psi_y) + Gumbel noise
    psi <- psi - lr * d/dpsi CE(balanced batch; W - rate * grad_W loss(batch drawn by psi))

The features come from a first stage of plain cross-entropy and stay fixed; the draws pass their gradient straight
through.

Departs from the paper: both stages share one budget; the virtual step is plain, at a fixed rate, where the authors'
code takes the optimiser's with momentum; the classifier goes on from the first stage, where their code starts it
afresh.

>>> import torch
>>> value = balanced_cross_entropy(torch.tensor([[0.0, 0.0]]), torch.tensor([1]), torch.tensor([3.0, 1.0]))
>>> [round(v, 4) for v in value.tolist()]                                                   # -log 1/4
[1.3863]
"""

import torch
import torch.nn.functional as F

from methods.arenas.long_tail.arena import LongTailMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def balanced_cross_entropy(logits, y, counts):
    """(B,) cross-entropy of logits (B, C) with the counts (C,) inside the softmax."""
    return F.cross_entropy(logits + (counts / counts.sum()).log(), y, reduction="none")


class BalancedSoftmax(LongTailMethod):
    card = Card(
        title="Balanced meta-softmax (BALMS)",
        papers=(Paper("Balanced Meta-Softmax for Long-Tailed Visual Recognition", 2020, arxiv="2007.10740"),),
        fidelity="faithful",
        claims=(Beats("cross-entropy", on="balanced_accuracy"), Beats("ldam", on="balanced_accuracy"),
                Beats("crt", on="balanced_accuracy")),
        reduces_to=("cross-entropy", {"first": 1.0}),
    )

    first: float = param(0.8, "share of the budget that trains the features", low=0.0, high=1.0)
    sampler_rate: float = param(0.01, "learning rate of the sampling rates", low=0.0, high=1.0)

    def prepare(self, net, task):
        task.begin_stage(net.parameters(), end=self.first)
        self.psi = torch.zeros_like(task.counts).requires_grad_()
        self.sampler = torch.optim.Adam([self.psi], lr=self.sampler_rate)

    def step(self, net, task):
        if task.progress < self.first:
            return super().step(net, task)
        if task.enters(self.first):
            task.begin_stage(net.classifier.parameters())
        batch, chosen = self.drawn(task)
        balanced = task.draw(torch.ones_like(task.counts))
        with torch.no_grad():
            features, wanted = net.backbone(batch.x), net.backbone(balanced.x)
        self.adapt(net.classifier, features, batch.y, chosen, wanted, balanced.y, task)
        loss = balanced_cross_entropy(net.classifier(features), batch.y, task.counts).mean()
        loss.backward()
        return loss

    def drawn(self, task):
        """A batch by the current rates, and the relaxed probability (B,) of each draw, one in value."""
        log_rate = F.logsigmoid(self.psi)[task.y]                                           # (N,)
        noise = -torch.empty(task.batch_size, len(task.y), device=task.y.device).exponential_().log()
        relaxed = (log_rate + noise).softmax(1)
        index = relaxed.argmax(1)
        soft = relaxed.gather(1, index[:, None])[:, 0]
        return task.batch(index), 1 + soft - soft.detach()

    def adapt(self, classifier, features, y, chosen, wanted, wanted_y, task):
        """One step of the sampling rates through a virtual step of the linear classifier."""
        weight, bias = classifier.weight, classifier.bias
        inner = (chosen * balanced_cross_entropy(F.linear(features, weight, bias), y, task.counts)).mean()
        dw, db = torch.autograd.grad(inner, (weight, bias), create_graph=True)
        rate = task.rate
        outer = F.cross_entropy(F.linear(wanted, weight - rate * dw, bias - rate * db), wanted_y)
        self.sampler.zero_grad()
        self.psi.grad, = torch.autograd.grad(outer, (self.psi,))
        self.sampler.step()
