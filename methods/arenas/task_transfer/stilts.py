"""STILTs: train on one other labelled task first, the one with most labels.

    theta <- theta - grad CE(head(f(x)), y) on the largest task

Departs from the paper: the encoder has not read any text before; the task is the largest and not chosen by hand.

>>> largest([30, 500, 40])
1
"""

import torch.nn.functional as F

from methods.arenas.task_transfer.arena import TaskTransferMethod
from methods.kit.method import Beats, Card, Paper


def largest(sizes):
    return max(range(len(sizes)), key=sizes.__getitem__)


class Stilts(TaskTransferMethod):
    card = Card(
        title="STILTs",
        papers=(Paper("Sentence Encoders on STILTs: Supplementary Training on Intermediate Labeled-data Tasks", 2018,
                      arxiv="1811.01088"),),
        fidelity="core",
        claims=(Beats("no-pretuning", on="log_loss"),),
    )

    def pretune(self, encoder, task):
        at = largest([len(each.texts) for each in task.tasks])
        head = task.head(encoder, task.tasks[at].many)

        def loss(drawn):
            x, y = task.batch(at, 96, drawn)
            return F.cross_entropy(head(encoder(x)), y)

        task.descend([*encoder.parameters(), *head.parameters()], loss)
        return encoder
