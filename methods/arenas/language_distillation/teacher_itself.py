"""Teacher itself: what the large model says, without any student.

    p = p_T

Follows the textbook.

>>> len(TeacherItself.params)
0
"""

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.kit.method import Card


class TeacherItself(LanguageDistillationMethod):
    card = Card(title="Teacher itself")

    def fit(self, task):
        return task.teacher
