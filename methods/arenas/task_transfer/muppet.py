"""MUPPET: one encoder with a head for each of many tasks, batches of many tasks, losses on one scale.

A step averages the losses of several tasks, each over the logarithm of its number of classes, so that a guess costs the
same in all. Small noise on the embeddings must not change what is said.

    mean_t [ CE_t / log n_t + lam (KL(p || p_noise) + KL(p_noise || p)) ],   p_noise from embeddings + N(0, sigma^2)

The tasks of a step are drawn evenly, whatever their size.

Departs from the paper: the encoder has not read any text before it; all tasks are classification.

>>> scaled(torch.zeros(1, 4), torch.tensor([2])).item()              # a guess costs 1
1.0
"""

import math

import torch
import torch.nn.functional as F

from methods.arenas.task_transfer.arena import TaskTransferMethod
from methods.arenas.task_transfer.stage.nets import like_embedded
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


def scaled(logits, y):
    """Cross-entropy over the logarithm of how many classes there are."""
    return F.cross_entropy(logits, y) / math.log(logits.shape[1])


def apart(a, b):
    """Both divergences of two distributions given as logits, added."""
    p, q = a.log_softmax(1), b.log_softmax(1)
    return ((p.exp() - q.exp()) * (p - q)).sum(1).mean()


class Muppet(TaskTransferMethod):
    card = Card(
        title="MUPPET",
        papers=(Paper("Muppet: Massive Multi-task Representations with Pre-Finetuning", 2021, arxiv="2101.11038"),),
        fidelity="core",
        claims=(Beats("no-pretuning", on="log_loss"), Beats("stilts", on="log_loss"),
                Beats("unscaled-losses", on="log_loss"), Beats("homogeneous-batches", on="log_loss"),
                GainGrows("no-pretuning", on="log_loss", from_="few", to="default")),
    )

    lam: float = param(0.01, "weight of staying the same under noise", low=0.0, high=10.0)
    sigma: float = param(0.01, "deviation of the noise", low=0.0, high=1.0)
    at_once: int = param(12, "tasks in a step", low=1, high=24)

    def pretune(self, encoder, task):
        heads = [task.head(encoder, each.many) for each in task.tasks]

        def loss(drawn):
            total, few = 0.0, torch.randperm(len(heads), generator=drawn)[:self.at_once].tolist()
            for at in few:
                x, y = task.batch(at, 96 // len(few), drawn)
                logits = heads[at](encoder(x))
                noisy = heads[at](encoder(x, like_embedded(encoder, x, self.sigma, drawn)))
                total = total + scaled(logits, y) + self.lam * apart(logits, noisy)
            return total / len(few)

        task.descend([*encoder.parameters(), *(p for head in heads for p in head.parameters())], loss)
        return encoder
