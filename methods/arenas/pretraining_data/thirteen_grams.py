"""Thirteen pieces in a row: drop every passage that shares such a run with another.

    S = random rows of those without a run of 13 pieces that stands in another passage

Follows the textbook.

>>> 65 - 13 + 1
53
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.copies import shared_runs
from methods.kit.method import Card


class ThirteenGrams(PretrainingDataMethod):
    card = Card(title="No shared thirteen pieces")

    def choose(self, task):
        return task.random(task.now, (~shared_runs(task.pool, 13).any(1)).nonzero()[:, 0])
