"""Span corruption: short spans are hidden, and said one after another.

    15 % of the pieces in spans of 3 on average;   L = - mean log p(span | the rest both ways, spans before)

A span stands behind the piece that hides it. What follows a text is asked for as one more hidden span, at its end.

Follows the textbook.

>>> from methods.arenas.sequence_to_sequence_pretraining.stage.task import hidden
>>> hidden([10, 11, 12], [(2, 3)], 90).shown
[10, 11, 90, 1, 90]
"""

from methods.arenas.sequence_to_sequence_pretraining.arena import SequenceToSequencePretrainingMethod
from methods.arenas.sequence_to_sequence_pretraining.stage.task import hidden
from methods.kit.method import Card


class SpanCorruption(SequenceToSequencePretrainingMethod):
    card = Card(title="Span corruption")

    def example(self, row, at, task):
        return task.infill(row, 3, 0.15)

    def continuation(self, first, second, task, words=""):
        row = [*first, *second]
        return hidden(row, [(len(first), len(row))], task.sentinel, None, True)
