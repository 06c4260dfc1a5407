"""Standardised features: every dimension of every teacher has variance one.

The usual remedy for teachers of unlike scale. Dimensions that hardly vary in the teacher's space are blown up to count
as much as those that carry it. Classes are named by the first teacher's own last layer, from the features that the
student tells of it.

    y' = (y - mu) / sigma, each dimension by its own,   L = mean over teachers of ||f_t(x) - y'_t||^2 / D

Follows the textbook.

>>> import torch
>>> made = standardised(torch.tensor([[1.0, 0.0], [3.0, 20.0]]))
>>> made.targets(torch.tensor([[3.0, 20.0]])).tolist()
[[1.0, 1.0]]
"""

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.imagining import balance, student_of, told_error
from methods.kit.method import Card


def standardised(y):
    """Each dimension by its mean and standard deviation; one that never varies stays as it is."""
    sd = y.std(0, correction=0)
    sd = sd.where(sd > 1e-6, sd.new_ones(()))
    return balance(y.mean(0), (1 / sd).diag(), sd.diag())


class StandardisedFeatures(DistillationMethod):
    card = Card(title="Standardised features")

    def student(self, task):
        return student_of(task, standardised)

    def loss(self, student, batch, task):
        return told_error(student, batch)

    def imagine(self, student, x, task):
        return student.imagine(x)
