"""Homogeneous batches: a head for each task and losses on one scale, but one task a step.

    CE_t / log n_t,   t drawn evenly for each step

Follows the textbook.

>>> import math
>>> round(math.log(4) / math.log(4), 2)          # a guess costs 1
1.0
"""

import math

import torch
import torch.nn.functional as F

from methods.arenas.task_transfer.arena import TaskTransferMethod
from methods.kit.method import Card


class HomogeneousBatches(TaskTransferMethod):
    card = Card(title="Homogeneous batches")

    def pretune(self, encoder, task):
        heads = [task.head(encoder, each.many) for each in task.tasks]

        def loss(drawn):
            at = int(torch.randint(len(heads), (), generator=drawn))
            x, y = task.batch(at, 96, drawn)
            return F.cross_entropy(heads[at](encoder(x)), y) / math.log(task.tasks[at].many)

        task.descend([*encoder.parameters(), *(p for head in heads for p in head.parameters())], loss)
        return encoder
