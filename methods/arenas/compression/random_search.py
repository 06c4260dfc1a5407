"""Random search: students drawn by lot are tried for a moment; the one with the highest reward is tuned.

    R = C (2 - C) A / A_teacher,   C = 1 - size / size of the teacher,   -1 where there is no room

Follows the textbook: what N2N does, with another way of proposing.

>>> from methods.arenas.compression.stage.students import reward
>>> reward(0.5, 1.0)
0.75
"""

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.elastic import drawn
from methods.arenas.compression.stage.students import CANDIDATES, sought, taught
from methods.kit.method import Card


class RandomSearch(CompressionMethod):
    card = Card(title="Random search of students")

    def compress(self, net, task):
        self.teacher = task.teacher()
        many = min(CANDIDATES, task.steps // 3) if task.steps else CANDIDATES
        return sought(task, self.teacher, many, lambda at: drawn(net, task.generator),
                      lambda value: None)

    def loss(self, net, batch, task):
        return taught(net, self.teacher, batch)
