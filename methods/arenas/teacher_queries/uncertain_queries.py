"""Uncertain queries: ask about what the student of the answers so far is least sure of.

The first quarter is drawn by chance; then, in each of three rounds, the student names the pool and the pictures with
the smallest lead of the first class over the second are asked about.

    asked = the smallest of p_1(x) - p_2(x), p_1 >= p_2 the student's two highest probabilities

Follows the textbook.

>>> import torch
>>> lead(torch.tensor([[0.0, 1.0986123, -9.0]])).round(decimals=2).tolist()                            # 0.75 - 0.25
[0.5]
"""

from methods.arenas.teacher_queries.arena import TeacherQueriesMethod
from methods.arenas.teacher_queries.stage.nets import in_batches
from methods.kit.method import Card


def lead(logits):
    """(N,) of the likeliest class over the next."""
    first = logits.softmax(1).topk(2, dim=1).values
    return first[:, 0] - first[:, 1]


class UncertainQueries(TeacherQueriesMethod):
    card = Card(title="Uncertain queries")
    rounds = 4

    def queries(self, task, many):
        if not len(task.asked):
            self.rows = task.some(many)
            self.free = task.pool.new_ones(len(task.pool))
        else:
            leads = lead(in_batches(task.student(), task.pool))
            self.rows = (leads + 2 * (1 - self.free)).argsort()[:many]
        self.free[self.rows] = 0
        return task.pool[self.rows]
