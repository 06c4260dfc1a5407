"""One round hard: half of the questions by chance, half about what the student of these finds hard, all at once.

As `comd`, but the student is compared with the teacher only once; tau is what is best for `comd`.

    hard: p_T(c) - p_S(c) >= tau, c the teacher's first choice;   x = lam hard + (1 - lam) its neighbour

Follows the textbook.

>>> import torch
>>> gap(torch.tensor([[0.0, 0.0]]), torch.tensor([[0.0, 1.0986123]])).round(decimals=2).item()         # 0.75 - 0.5
0.25
"""

from methods.arenas.teacher_queries.arena import TeacherQueriesMethod
from methods.arenas.teacher_queries.stage.hard import augmented, gap, hard_rows
from methods.arenas.teacher_queries.stage.nets import in_batches
from methods.kit.method import Card
from methods.kit.params import param


class OneRoundHard(TeacherQueriesMethod):
    card = Card(title="One round hard")
    rounds = 2

    tau: float = param(0.1, "gap from which a picture is hard", low=0.0, high=1.0)

    def queries(self, task, many):
        if not len(task.asked):
            return task.pool[task.some(many)]
        student = task.student()
        gaps = gap(in_batches(student, task.asked), task.answers)
        return augmented(student, task, hard_rows(gaps, self.tau), many)

