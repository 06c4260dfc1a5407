"""Prefix language model: a text is cut somewhere; the first part is read both ways, the second is said.

    L = - mean over t > k of log p(x_t | x_1..k both ways, x_k+1..t-1),   k uniform

When spans are asked for, each is said after all that stands before it.

Follows the textbook.

>>> left([5, 6, 7], [(1, 2)])
Example(shown=[1, 5, 6], places=[-1, 0, 1], source=0, said=[-1, 6, -1])
"""

from methods.arenas.sequence_to_sequence_pretraining.arena import SequenceToSequencePretrainingMethod
from methods.arenas.sequence_to_sequence_pretraining.stage.task import told
from methods.kit.method import Card


def left(row, spans):
    """A row said from its beginning, of which spans count."""
    return told([], row, [any(a <= i < b for a, b in spans) for i in range(len(row))])


class PrefixLanguageModel(SequenceToSequencePretrainingMethod):
    card = Card(title="Prefix language model")

    def example(self, row, at, task):
        cut = int(task.rng.integers(1, len(row)))
        return told(row[:cut], row[cut:])

    def infilling(self, row, spans, task):
        return left(row, spans)
