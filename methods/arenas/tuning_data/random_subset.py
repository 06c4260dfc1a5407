"""Random subset: further questions drawn evenly, answered by the model itself, as many as may be given back.

    D = seeds and (x, y) with y ~ p(y | x), nothing shown, nothing left out

Follows the textbook.

>>> RandomSubset.card.title
'Random self-answered questions'
"""

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.arenas.tuning_data.stage.examples import Examples
from methods.kit.method import Card


class RandomSubset(TuningDataMethod):
    card = Card(title="Random self-answered questions")

    def make(self, task):
        questions = task.questions(task.words(task.size))
        return [task.seeds.joined(Examples(questions, task.answered(task.start, questions, temperature=1.0)[0]))]
