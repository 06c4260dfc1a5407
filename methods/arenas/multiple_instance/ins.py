"""INS: learn instances by contrast, with labels that prototypes keep correcting.

Instances of negative bags are negative for certain. Those of positive bags carry soft labels, which move towards the
class whose prototype they are nearest to; prototypes follow the instances that the classifier gives to their class. An
instance is drawn to all of the same class and away from the other, and the highest instance of a bag must say what the
bag is. At first the labels stand still.

    L = 0.1 contrast + BCE(classifier, soft label) + BCE(max_k classifier, bag label)
    contrast = -mean_{p of the same class} log exp(q k_p / tau) / sum_j exp(q k_j / tau)
    label <- m label + (1 - m) onehot(argmax_c q mu_c),   mu_c <- normalise(m mu_c + (1 - m) q)

Departs from the paper: keys are the other view of the same instances, by dropout of features, from a slowly moving
encoder, without a queue, and some of a batch are contrasted; the classes contrasted are the soft labels rounded, where
the authors take the classifier's answer; soft labels begin at the bag's label and not even, and the warm-up learns from
them; the highest instance judges a bag in every step, where the authors pool encoded instances late in training;
prototypes begin at random, move once a batch by the mean q of a class, not by one q after the other, and are asked
after that, not before; features are fixed and the constants are ours for 400 steps.

>>> import torch
>>> q = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
>>> round(contrast(q, q, torch.tensor([0, 1]), torch.tensor([0, 1]), 1.0).item(), 4)               # -log(e / (e + 1))
0.3133
"""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.multiple_instance.arena import MultipleInstanceMethod
from methods.arenas.multiple_instance.stage.nets import encoder
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def contrast(q, k, of_q, of_k, tau):
    """Mean over anchors q (N, D) of how unlikely keys k (M, D) of their own class are among all keys."""
    log_p = (q @ k.T / tau).log_softmax(1)
    same = (of_q[:, None] == of_k[None]).to(q.dtype)
    return -((log_p * same).sum(1) / same.sum(1).clamp(min=1)).mean()


class InsNet(nn.Module):
    """An encoder with a classifier of instances and a projection onto the sphere."""

    def __init__(self, width, hidden):
        super().__init__()
        self.encode = encoder(width, hidden)
        self.judge = nn.Linear(hidden, 1)
        self.project = nn.Linear(hidden, 32)

    def forward(self, bags):
        scores = self.judge(self.encode(bags)).squeeze(2)
        return scores.amax(1), scores


class Ins(MultipleInstanceMethod):
    card = Card(
        title="INS",
        papers=(Paper("Rethinking Multiple Instance Learning for Whole Slide Image Classification: A Good Instance "
                      "Classifier is All You Need", 2023, arxiv="2307.02249"),),
        fidelity="core",
        claims=(Beats("abmil", on="instance_auroc", setting="low-witness"),),
    )

    tau: float = param(0.1, "temperature of the contrast", low=0.01, high=1.0)
    weight: float = param(0.1, "weight of the contrast", low=0.0, high=2.0)
    warm_up: float = param(0.25, "share of the steps in which labels stand still", low=0.0, high=1.0)
    keep: float = param(0.9, "what soft labels and prototypes keep of themselves in a step", low=0.0, high=0.999)
    anchors: int = param(300, "instances of a batch that are contrasted", low=2, high=2000)
    dropout: float = param(0.2, "share of features left out of a view", low=0.0, high=0.9)

    def model(self, task):
        net = InsNet(task.width, task.trial.options.hidden)
        self.slow = copy.deepcopy(net).requires_grad_(False)
        self.labels = task.labels[:, None].float().repeat(1, task.bags.shape[1])                        # (B, K)
        self.prototypes = F.normalize(torch.randn(2, 32), dim=1)
        return net

    def loss(self, model, bags, labels, task):
        h = model.encode(F.dropout(bags, self.dropout)).flatten(0, 1)
        q, scores = F.normalize(model.project(h), dim=1), model.judge(h).squeeze(1)
        with torch.no_grad():
            k = F.normalize(self.slow.project(self.slow.encode(F.dropout(bags, self.dropout)).flatten(0, 1)), dim=1)
            soft = self._relabelled(q, scores, labels, task).flatten()
        classes, some = (soft > 0.5).long(), torch.randperm(len(soft))[:self.anchors]
        highest = scores.view(bags.shape[:2]).amax(1)
        return (self.weight * contrast(q[some], k[some], classes[some], classes[some], self.tau)
                + F.binary_cross_entropy_with_logits(scores, soft)
                + F.binary_cross_entropy_with_logits(highest, labels.float()))

    def _relabelled(self, q, scores, labels, task):
        """The batch's soft labels (b, K) after prototypes and labels have moved."""
        soft, positive = self.labels[task.rows], (labels == 1)[:, None]
        given = ((scores > 0).view(soft.shape) & positive).flatten()          # by the classifier; certain in negatives
        for c, chosen in ((0, ~given), (1, given)):
            if chosen.any():
                mean = q[chosen].mean(0)
                self.prototypes[c] = F.normalize(self.keep * self.prototypes[c] + (1 - self.keep) * mean, dim=0)
        if task.progress >= self.warm_up:
            nearest = (q @ self.prototypes.T).argmax(1).view(soft.shape).float()
            soft = torch.where(positive, self.keep * soft + (1 - self.keep) * nearest, soft)
            self.labels[task.rows] = soft
        return soft

    def after_step(self, model, task):
        with torch.no_grad():
            for kept, new in zip(self.slow.parameters(), model.parameters(), strict=True):
                kept.lerp_(new, 0.02)
