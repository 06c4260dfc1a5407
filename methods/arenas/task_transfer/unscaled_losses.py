"""Unscaled losses: a head for each task and batches of many tasks, but losses as they are.

    mean_t CE_t

Follows the textbook.

>>> import math
>>> round(math.log(8) / math.log(2), 2)          # what a guess among eight weighs more than one among two
3.0
"""

import torch
import torch.nn.functional as F

from methods.arenas.task_transfer.arena import TaskTransferMethod
from methods.kit.method import Card
from methods.kit.params import param


class UnscaledLosses(TaskTransferMethod):
    card = Card(title="Unscaled losses")

    at_once: int = param(12, "tasks in a step", low=1, high=24)

    def pretune(self, encoder, task):
        heads = [task.head(encoder, each.many) for each in task.tasks]

        def loss(drawn):
            total, few = 0.0, torch.randperm(len(heads), generator=drawn)[:self.at_once].tolist()
            for at in few:
                x, y = task.batch(at, 96 // len(few), drawn)
                total = total + F.cross_entropy(heads[at](encoder(x)), y)
            return total / len(few)

        task.descend([*encoder.parameters(), *(p for head in heads for p in head.parameters())], loss)
        return encoder
