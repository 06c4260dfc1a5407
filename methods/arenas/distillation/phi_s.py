"""PHI-S: turn each teacher's features until all dimensions vary alike, then divide by one number.

Teachers differ in scale, and dimensions within a teacher do. Dividing each by its own deviation makes errors in small
dimensions large. PHI-S turns the centred features to their principal directions and on by a Hadamard matrix, whose
entries are all of one size, so that every new dimension mixes all directions equally and has the same variance; one
scalar makes it one. Errors then weigh alike in all directions of the teacher's space, and going back is exact.

    y' = (1 / phi) H U' (y - mu),   covariance U diag(lambda) U',   phi = sqrt(mean lambda),   H H' = 1
    L = mean over teachers of ||f_t(x) - y'_t||^2 / D

Departs from the paper: a teacher has one vector of features a picture, no tokens of places, and networks and optimiser
are the arena's.

>>> import torch
>>> y = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])                      # variances 2 and 0.5
>>> [round(float(v), 3) for v in phi_standardised(y).targets(y).var(0, correction=0)]
[1.0, 1.0]
>>> [round(float(v), 3) for v in phi_standardised(y).features(phi_standardised(y).targets(y))[0]]
[2.0, 0.0]
"""

import torch

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.imagining import balance, spectrum, student_of, told_error
from methods.kit.method import Beats, Card, Paper


def hadamard(n):
    """Sylvester's matrix (n, n) with rows of length one; n is a power of two."""
    made = torch.ones(1, 1, dtype=torch.double)
    while len(made) < n:
        made = torch.cat([torch.cat([made, made], 1), torch.cat([made, -made], 1)])
    return made / n ** 0.5


def phi_standardised(y):
    """Centred, turned to equal variances, divided by their root."""
    mean, values, vectors = spectrum(y)
    phi = values.mean().sqrt().clamp(min=1e-9)
    turn = vectors @ hadamard(len(values)).to(y.device).T
    return balance(mean, turn / phi, phi * turn.T)


class PhiS(DistillationMethod):
    card = Card(
        title="PHI-S",
        papers=(Paper("PHI-S: Distribution Balancing for Label-Free Multi-Teacher Distillation", 2024,
                      arxiv="2410.01680"),),
        fidelity="faithful",
        claims=tuple(Beats(rival, on="feature_error", setting="many-teachers") for rival in
                     ("raw-features", "standardised-features", "whitened-features")),
    )

    def student(self, task):
        return student_of(task, phi_standardised)

    def loss(self, student, batch, task):
        return told_error(student, batch)

    def imagine(self, student, x, task):
        return student.imagine(x)
