"""Self-distillation: half the steps on tags, then a fresh encoder learns for the other half what the first one says.

    L = CE(softmax(z_1), softmax(z_2)) over tags, z_1 of the first network, fixed

Follows the textbook.

>>> import torch
>>> round(soft(torch.zeros(1, 2), torch.zeros(1, 2)).item(), 4)                                           # log 2
0.6931
"""

import torch.nn.functional as F

from methods.arenas.weak_pretraining.arena import WeakPretrainingMethod
from methods.kit.method import Card


def soft(said, taught):
    """Cross-entropy of logits (N, C) with the probabilities of others."""
    return -(taught.softmax(1) * said.log_softmax(1)).sum(1).mean()


class SelfDistillation(WeakPretrainingMethod):
    card = Card(title="Self-distillation")

    def pretrain(self, task):
        first, head = task.encoder(), self.head(task)
        task.train(first, head, lambda net, head, x, rows: F.cross_entropy(head(net(task.view(x))), task.first[rows]),
                   0.5)
        told = task.all(lambda x: head(first(x)), first)
        return task.train(task.encoder(), self.head(task),
                          lambda net, head, x, rows: soft(head(net(task.view(x))), told[rows]), 0.5)
