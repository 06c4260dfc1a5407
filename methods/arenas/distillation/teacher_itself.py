"""Teacher itself: asked in the student's place, with all its weights.

What the student would say if it lost nothing on the way; the upper end of the main setting, not a contestant.

    p = softmax(z_T)

Follows the textbook.

>>> import torch
>>> [round(p, 2) for p in torch.tensor([0.0, 1.0986123]).softmax(0).tolist()]
[0.25, 0.75]
"""

from methods.arenas.distillation.arena import DistillationMethod
from methods.kit.method import Card


class TeacherItself(DistillationMethod):
    card = Card(title="Teacher itself (upper bound)")

    def student(self, task):
        return task.teacher
