"""Clean subtasks: right answers to the single tasks that the hard ones are made of.

    D = (x, f(x)) and (f(x), g(f(x))) for hard tasks g after f, as many pieces as the others

Follows the textbook.

>>> CleanSubtasks.card.title
'Clean subtasks'
"""

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.kit.method import Card


class CleanSubtasks(TuningDataMethod):
    card = Card(title="Clean subtasks")

    def make(self, task):
        return [task.steps_of(task.hard(max(1, task.size // 2), 0.0, 0.0))]
