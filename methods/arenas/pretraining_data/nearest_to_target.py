"""Nearest to the target: keep passages close to one of the sample, as the start's mean states see them.

    S = rows with the least min_y |h(x) - h(y)|

Follows the textbook.

>>> min(abs(1 - y) for y in (4, 3))
2
"""

import torch

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.task import top
from methods.kit.method import Card


class NearestToTarget(PretrainingDataMethod):
    card = Card(title="Nearest to the target")

    def choose(self, task):
        return top(-torch.cdist(task.states(task.pool), task.states(task.sample)).amin(1), task.now)
