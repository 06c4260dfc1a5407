"""Clean hard supervision (upper bound): worked examples of the hard task without a mistake.

    D = (two tasks in a row, both steps), all right

Follows the textbook.

>>> CleanHard.card.title
'Clean hard supervision (upper bound)'
"""

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.kit.method import Card


class CleanHard(TuningDataMethod):
    card = Card(title="Clean hard supervision (upper bound)")

    def make(self, task):
        return [task.hard(max(1, 10 * task.size // 16), 0.0, 0.0)]
