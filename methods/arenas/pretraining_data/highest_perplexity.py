"""Highest perplexity: what a model that has read much finds hardest.

    S = top rows by -mean log p_teacher(x_i | x_<i)

Follows the textbook.

>>> sorted([2.1, 5.0, 3.3])[-1:]
[5.0]
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.task import top
from methods.kit.method import Card


class HighestPerplexity(PretrainingDataMethod):
    card = Card(title="Highest perplexity")

    def choose(self, task):
        return top(task.losses(task.teacher), task.now)
