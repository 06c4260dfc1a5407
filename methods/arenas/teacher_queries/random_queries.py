"""Random queries: ask about pictures drawn from the pool by chance, none twice.

Follows the textbook.
"""

from methods.arenas.teacher_queries.arena import TeacherQueriesMethod
from methods.kit.method import Card


class RandomQueries(TeacherQueriesMethod):
    card = Card(title="Random queries")

    def queries(self, task, many):
        return task.pool[task.some(many)]
