"""All labelled: what the classifier is worth when the whole pool has labels.

It sees every label from the start, asks at random, and trains on the whole pool. No method can count on more; it is the
upper end of this arena, not a contestant.

Follows the textbook.
"""

import torch

from methods.arenas.active_learning.arena import ActiveMethod
from methods.kit.method import Card


class AllLabelled(ActiveMethod):
    card = Card(title="All labelled (upper bound)")
    sees_all_labels = True

    def query(self, task, k):
        return task.open[torch.randperm(len(task.open))[:k]]

    def fit(self, task):
        if task.turn:
            return task.model
        kept = task.truth < task.classes
        return task.logistic(task.x[kept], task.truth[kept])
