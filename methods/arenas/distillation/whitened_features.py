"""Whitened features: every direction of every teacher has variance one (ZCA).

Directions are made independent and equally long, and turned back so that each target stays close to its dimension.
Errors in directions that hardly vary count as much as in those that carry the features. Classes are named by the first
teacher's own last layer, from the features that the student tells of it.

    y' = U diag(1 / sqrt(lambda)) U' (y - mu),   covariance U diag(lambda) U'
    L = mean over teachers of ||f_t(x) - y'_t||^2 / D

Follows the textbook.

>>> import torch
>>> made = whitened(torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]]))
>>> [round(float(v), 3) for v in made.targets(torch.tensor([[2.0, 0.0]]))[0]]        # the variance of 2, -2, 0, 0 is 2
[1.414, 0.0]
"""

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.imagining import balance, spectrum, student_of, told_error
from methods.kit.method import Card


def whitened(y):
    """Directions with less than a millionth of the mean variance are left out."""
    mean, values, vectors = spectrum(y)
    kept = values > 1e-6 * values.mean()
    root = values.where(kept, values.new_ones(())).sqrt()
    there = vectors @ (kept / root).diag() @ vectors.T
    return balance(mean, there, vectors @ (kept * root).diag() @ vectors.T)


class WhitenedFeatures(DistillationMethod):
    card = Card(title="Whitened features")

    def student(self, task):
        return student_of(task, whitened)

    def loss(self, student, batch, task):
        return told_error(student, batch)

    def imagine(self, student, x, task):
        return student.imagine(x)
