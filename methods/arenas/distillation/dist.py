"""DIST: keep the order of things, not their exact probabilities.

A strong teacher's probabilities are more than a small student can match. It is enough that they rise and fall together:
across the classes of each picture, and across the pictures of a batch for each class.

    L = KL(p_T || p_S) + tau^2 (beta mean_i [1 - r(p_S(i, :), p_T(i, :))] + gamma mean_c [1 - r(p_S(:, c), p_T(:, c))])

r is Pearson's correlation.

Departs from the paper: the labels' cross-entropy is that with the teacher's probabilities,
as most pictures have no label.

>>> import torch
>>> round(float(apart(torch.tensor([[0.2, 0.8], [0.1, 0.9]]), torch.tensor([[0.4, 0.6], [0.9, 0.1]]))), 4)  # 0 and 2
1.0
"""

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.task import soft
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def apart(p, q):
    """One minus the correlation of rows, mean over rows."""
    p, q = p - p.mean(1, keepdim=True), q - q.mean(1, keepdim=True)
    return 1 - ((p * q).sum(1) / (p.norm(dim=1) * q.norm(dim=1) + 1e-8)).mean()


class Dist(DistillationMethod):
    card = Card(
        title="DIST",
        papers=(Paper("Knowledge Distillation from A Stronger Teacher", 2022, arxiv="2205.10536"),),
        fidelity="core",
        claims=(Beats("kd", on="accuracy"),),
    )

    beta: float = param(2.0, "weight of the classes of each picture", low=0.0, high=10.0)
    gamma: float = param(2.0, "weight of the pictures for each class", low=0.0, high=10.0)
    tau: float = param(1.0, "temperature of teacher and student", low=0.5, high=10.0)

    def loss(self, student, batch, task):
        logits, taught = student(batch.x).logits, batch.taught[0].logits
        p, q = (logits / self.tau).softmax(1), (taught / self.tau).softmax(1)
        return soft(logits, taught).mean() + self.tau ** 2 * (self.beta * apart(p, q) + self.gamma * apart(p.T, q.T))
