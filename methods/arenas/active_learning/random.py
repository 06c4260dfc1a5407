"""Random: label items drawn from the pool, whatever the classifier knows.

The reference of this arena: what the labels are worth when nobody chooses them.

Follows the textbook.
"""

import torch

from methods.arenas.active_learning.arena import ActiveMethod
from methods.kit.method import Card


class Random(ActiveMethod):
    card = Card(title="Random")

    def query(self, task, k):
        return task.open[torch.randperm(len(task.open))[:k]]
