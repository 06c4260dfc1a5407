"""One template: further questions in the words of the seeds, drawn evenly, answered by the teacher.

As large as the sets that are made in several steps.

    D = (x, f(x)) in words of form 0

Follows the textbook.

>>> OneTemplate.card.title
'One template'
"""

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.arenas.tuning_data.stage.examples import Examples
from methods.kit.method import Card
from methods.kit.params import param


class OneTemplate(TuningDataMethod):
    card = Card(title="One template")

    size: int = param(400, "examples made", low=20, high=1200)

    def make(self, task):
        questions = task.questions(task.words(min(self.size, task.size)))
        return [task.seeds.joined(Examples(questions, task.taught(questions)))]
