"""Right passages only: what an oracle knows to be clean, or of the target. The upper bound.

    S = random rows of those that are right

Follows the textbook; no method may know this.

>>> len({1, 2, 3} & {2, 3, 4})
2
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.kit.method import Card


class RightPassages(PretrainingDataMethod):
    card = Card(title="Right passages only")

    def choose(self, task):
        return task.random(task.now, task.wanted.nonzero()[:, 0])
