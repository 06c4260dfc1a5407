"""Unaligned generator: ask about what a generator writes that was never told what helps.

A picture of a cluster of the pool, drawn by chance, is mixed with any other at a share of 1, 3/4 or 1/2, and the answer
is told at a temperature of 1/2, 1 or 2. Each is as likely as the others. It is the teacher before `arte` aligns it.

    x = lam a + (1 - lam) b,   answer = logits / t;   cluster of a, lam and t uniform

Follows the textbook.

>>> import torch
>>> Generator.heat(torch.tensor([[0, 0, 2]])).item()                       # the third temperature
2.0
"""


from methods.arenas.teacher_queries.arena import TeacherQueriesMethod
from methods.arenas.teacher_queries.stage.drafts import CLUSTERS, Generator
from methods.kit.method import Card


class UnalignedGenerator(TeacherQueriesMethod):
    card = Card(title="Unaligned generator")

    def queries(self, task, many):
        generator = Generator(task.pool, task.some(CLUSTERS))
        self.actions = generator.draw(many)
        return generator.write(self.actions)

    def lessons(self, task):
        return task.asked, task.answers / Generator.heat(self.actions)
