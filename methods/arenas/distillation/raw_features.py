"""Raw features: the student is to say every teacher's features as they are.

Nothing is balanced: the teacher whose features vary most has most of the loss. Classes are named by the first teacher's
own last layer, from the features that the student tells of it.

    L = mean over teachers of ||f_t(x) - y_t||^2 / D,   D dimensions

Follows the textbook.

>>> import torch
>>> made = as_they_are(torch.tensor([[1.0, 2.0], [3.0, 2.0]]))
>>> made.targets(torch.tensor([[3.0, 2.0]])).tolist()
[[1.0, 0.0]]
"""

import torch

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.imagining import balance, student_of, told_error
from methods.kit.method import Card


def as_they_are(y):
    """Only the mean is taken off, which a head's offset would learn."""
    same = torch.eye(y.shape[1], device=y.device)
    return balance(y.mean(0), same, same)


class RawFeatures(DistillationMethod):
    card = Card(title="Raw features")

    def student(self, task):
        return student_of(task, as_they_are)

    def loss(self, student, batch, task):
        return told_error(student, batch)

    def imagine(self, student, x, task):
        return student.imagine(x)
