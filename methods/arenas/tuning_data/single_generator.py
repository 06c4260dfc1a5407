"""Single generator: questions drawn evenly, one model answers after a seed, a random subset of the usual size is kept.

    y ~ p(y | seed, x)

Follows the textbook.

>>> SingleGenerator.card.title
'Single generator'
"""

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.arenas.tuning_data.stage.examples import Examples
from methods.kit.method import Card


class SingleGenerator(TuningDataMethod):
    card = Card(title="Single generator")

    def make(self, task):
        questions = task.questions(task.words(task.size))
        answers, _ = task.answered(task.start, questions, task.demonstrations(questions), 1.0)
        return [task.seeds.joined(Examples(questions, answers))]
