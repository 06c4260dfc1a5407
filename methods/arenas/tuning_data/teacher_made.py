"""Teacher made (upper bound): further questions in the words of the seeds, all answered by the teacher.

    D = seeds and (x, f(x)) for x drawn evenly

No method that answers for itself has more right examples of the tasks asked.

>>> TeacherMade.card.title
'Teacher made (upper bound)'
"""

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.arenas.tuning_data.stage.examples import Examples
from methods.kit.method import Card


class TeacherMade(TuningDataMethod):
    card = Card(title="Teacher made (upper bound)")

    def make(self, task):
        questions = task.questions(task.words(task.size))
        return [task.seeds.joined(Examples(questions, task.taught(questions)))]
