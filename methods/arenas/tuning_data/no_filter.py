"""No filter: the model makes up questions and answers them after a seed; everything is kept.

    x ~ p(x | word);   y = argmax p(y | seed, x)

Follows the textbook.

>>> NoFilter.card.title
'Self-made, unfiltered'
"""

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.arenas.tuning_data.stage.examples import Examples
from methods.kit.method import Card


class NoFilter(TuningDataMethod):
    card = Card(title="Self-made, unfiltered")

    def make(self, task):
        questions = task.imagined(task.start, task.words(task.size))
        answers, _ = task.answered(task.start, questions, task.demonstrations(questions))
        return [task.seeds.joined(Examples(questions, answers))]
