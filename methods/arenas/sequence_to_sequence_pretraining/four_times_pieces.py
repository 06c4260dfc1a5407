"""Four times the pieces, an upper bound: a causal language model that trains four times as long.

    L = - mean over t of log p(x_t | x_<t)

>>> FourTimesPieces.budget
4.0
"""

from methods.arenas.sequence_to_sequence_pretraining.arena import SequenceToSequencePretrainingMethod
from methods.arenas.sequence_to_sequence_pretraining.stage.task import told
from methods.kit.method import Card


class FourTimesPieces(SequenceToSequencePretrainingMethod):
    card = Card(title="Four times the pieces (upper bound)")
    budget = 4.0
    both_ways = False

    def example(self, row, at, task):
        return told([], row)

    def continuation(self, first, second, task, words=""):
        return told([], [*first, *second], [i >= len(first) for i in range(len(first) + len(second))])

    def infilling(self, row, spans, task):
        return told([], row, [any(a <= i < b for a, b in spans) for i in range(len(row))])
