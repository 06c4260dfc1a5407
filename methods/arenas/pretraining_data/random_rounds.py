"""Random in rounds: a quarter of the budget is drawn at each of four times, and read with what was there.

Follows the textbook.

>>> 640 // 4
160
"""

import torch

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.kit.method import Card


class RandomRounds(PretrainingDataMethod):
    card = Card(title="Random in rounds")
    rounds = 4

    def choose(self, task):
        free = torch.ones(len(task.pool), dtype=torch.bool, device=task.device)
        free[task.kept] = False
        return task.random(task.now, free.nonzero()[:, 0])
