"""Untrained student: what the student knows before it is taught.

In settings where it begins with weights of its own this is where everybody starts; elsewhere it knows nothing.

    p = softmax(z_S0)

Follows the textbook.

>>> import torch
>>> torch.zeros(2).softmax(0).tolist()
[0.5, 0.5]
"""

from methods.arenas.distillation.arena import DistillationMethod
from methods.kit.method import Card


class UntrainedStudent(DistillationMethod):
    card = Card(title="Untrained student")

    def student(self, task):
        return task.student().requires_grad_(False)
