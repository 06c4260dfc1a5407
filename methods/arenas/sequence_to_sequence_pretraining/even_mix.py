"""Even mix: half of the rows are cut in two, of half short spans are hidden.

    L = - mean log p(target | source),   (source, target) of a prefix language model or of span corruption

Follows the textbook.

>>> 0.5 + 0.5
1.0
"""

from methods.arenas.sequence_to_sequence_pretraining.arena import SequenceToSequencePretrainingMethod
from methods.arenas.sequence_to_sequence_pretraining.stage.task import told
from methods.kit.method import Card


class EvenMix(SequenceToSequencePretrainingMethod):
    card = Card(title="Even mix of prefixes and spans")

    def example(self, row, at, task):
        if task.rng.random() < 0.5:
            return task.infill(row, 3, 0.15)
        cut = int(task.rng.integers(1, len(row)))
        return told(row[:cut], row[cut:])
