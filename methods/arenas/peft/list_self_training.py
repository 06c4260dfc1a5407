"""LiST: let adapters learn from what a teacher says about unlabelled inputs, weighed by how much it helps.

A teacher is tuned on the few labels. It labels the unlabelled pool softly; a student starts anew, warms up on the
labels and then learns from the pool. A pseudo-label counts as much as its gradient agrees with that of labelled
examples. The student becomes the teacher, and the round is repeated; only adapters are trained.

    min sum_i w_i KL(p_teacher(x_i) || p_student(x_i)),   w_i ~ max(0, <grad l_i, grad l_labelled>)

Departs from the paper: no prompt and no masked word, pictures have none; the agreement is that of the classifier's
gradients, for which there is a closed form, instead of a virtual step of all adapters.

>>> import torch
>>> ours, theirs = torch.tensor([[0.5, -0.5], [-0.5, 0.5]]), torch.tensor([[1.0, -1.0]])
>>> agreement(ours, torch.ones(2, 1), theirs, torch.ones(1, 1)).tolist()      # the first pulls the same way
[1.0, 0.0]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.arenas.peft.stage.examples import plain
from methods.kit.adapters import Bottleneck
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


def agreement(errors, features, labelled_errors, labelled_features):
    """Weights (B,) that sum to one: max(0, <e_i f_i^T, mean e f^T>) with errors (B, C) = p - t and features (B, D)."""
    gradient = labelled_errors.T @ labelled_features / len(labelled_errors)
    weights = ((errors @ gradient) * features).sum(1).clamp(min=0)
    return weights / weights.sum() if weights.sum() > 0 else torch.full_like(weights, 1 / len(weights))


class ListSelfTraining(PeftMethod):
    card = Card(
        title="Lite prompted self-training",
        papers=(Paper("LiST: Lite Prompted Self-training Makes Parameter-Efficient Few-shot Learners", 2021,
                      arxiv="2110.06274"),),
        fidelity="core",
        claims=(Beats("houlsby-adapter", on="target_accuracy", setting="few-labels"),
                Beats("full-fine-tuning", on="target_accuracy", setting="few-labels"),
                GainGrows("houlsby-adapter", on="target_accuracy", to="few-labels"),
                Beats("houlsby-adapter", on="target_accuracy", setting="sentences"),
                Beats("full-fine-tuning", on="target_accuracy", setting="sentences")),
    )

    m: int = param(8, "units of an adapter", low=1, high=16)
    first: float = param(0.4, "share of the budget for the first teacher", low=0.1, high=0.8)
    rounds: int = param(2, "how many students follow one another", low=1, high=4)
    warm: float = param(0.3, "share of a student's time that is spent on the labels", low=0.1, high=0.9)

    def adapt(self, net, task):
        self.starts = [self.first + (1 - self.first) * i / self.rounds for i in range(self.rounds)]
        self.lesson, self.targets, self.length = 0.0, None, (1 - self.first) / self.rounds
        self.begin_anew(net)

    def begin_anew(self, net):
        for block in net.blocks:
            block.after_attention = Bottleneck(net.width, self.m).to(net.head.weight.device)
            block.after_feed = Bottleneck(net.width, self.m).to(net.head.weight.device)

    def advance(self, net, task):
        if task.enters(0.0):
            task.stage(net, self.first)
        for start in self.starts:
            if task.enters(start):
                pool = plain(task.pool, torch.zeros(len(task.pool), dtype=torch.long, device=task.pool.device))
                self.targets = self.teach(net, pool)
                self.begin_anew(net)
                nn.init.zeros_(net.head.weight)
                self.lesson = start + self.warm * self.length
                task.stage(net, start + self.length)

    @torch.no_grad()
    def teach(self, net, pool):
        return torch.cat([self.logits(net, pool.at(slice(i, i + 250))).softmax(1) for i in range(0, len(pool.x), 250)])

    def loss(self, net, task):
        labelled = task.draw()
        if self.targets is None or task.progress < self.lesson:
            return self.error(net, labelled)
        index = task.draw_from(task.pool)
        features = net.pool(net.norm(net.encode(net.embed(task.pool[index]))))
        logits = net.head(features)[:, :self.targets.shape[1]]                 # the pool is asked the first question
        tokens = len(logits) // len(index)                                     # more than one in a language model
        targets = self.targets.unflatten(0, (-1, tokens))[index].flatten(0, 1)
        with torch.no_grad():
            known = self.features(net, labelled)
            wrong = self.logits(net, labelled).softmax(1) - F.one_hot(labelled.y.flatten(), logits.shape[1])
            weights = agreement(logits.softmax(1) - targets, features, wrong, known)
        each = F.kl_div(logits.log_softmax(1), targets, reduction="none").sum(1)
        return (weights * each).sum()
