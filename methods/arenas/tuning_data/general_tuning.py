"""General tuning: questions in other words than the seeds', answered by the model itself.

    D = seeds and (x, y) in words of forms 1 and 2, y ~ p(y | x)

Follows the textbook.

>>> GeneralTuning.card.title
'General tuning'
"""

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.arenas.tuning_data.stage.examples import Examples
from methods.kit.method import Card


class GeneralTuning(TuningDataMethod):
    card = Card(title="General tuning")

    def make(self, task):
        questions = task.questions(task.words(task.size, forms=range(1, task.forms)))
        return [task.seeds.joined(Examples(questions, task.answered(task.start, questions, temperature=1.0)[0]))]
