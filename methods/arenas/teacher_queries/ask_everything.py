"""Ask everything: the student learns what the teacher says of the whole pool.

No method with a budget can count on more; it is the upper end of this arena, not a contestant.

Follows the textbook.
"""

from methods.arenas.teacher_queries.arena import TeacherQueriesMethod
from methods.kit.method import Card


class AskEverything(TeacherQueriesMethod):
    card = Card(title="Ask everything (upper bound)")
    asks_everything = True

    def queries(self, task, many):
        return task.pool[:0]

    def lessons(self, task):
        task.count(answers=len(task.pool))
        return task.pool, task.told
