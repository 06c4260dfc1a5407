"""Auxiliary confidence: believe the weak teacher, and yourself with a weight that grows.

A strong student taught by a weak teacher should not learn its errors. A second term hardens the student's own first
choice, so that it may go on disagreeing.

    L = (1 - a) KL(p_T || p_S) + a CE(argmax p_S, p_S),   a rises to alpha over the first part of the training

Departs from the paper: the own choice is the most probable class, not thresholds that keep the classes' shares; warm-up
over the first 0.3 of the steps (the paper: 0.2).

>>> import torch
>>> z, taught = torch.tensor([[0.0, 1.0986123]]), torch.tensor([[0.0, 0.0]])
>>> round(float(own(z)), 4), round(float(soft(z, taught)), 4)                                  # -log 0.75
(0.2877, 0.1438)
"""

import torch.nn.functional as F

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.task import soft
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def own(logits):
    """(N,) the cross-entropy with one's own first choice."""
    return F.cross_entropy(logits, logits.argmax(1), reduction="none")


class AuxConfidence(DistillationMethod):
    card = Card(
        title="Auxiliary confidence",
        papers=(Paper("Weak-to-Strong Generalization: Eliciting Strong Capabilities With Weak Supervision", 2023,
                      arxiv="2312.09390"),),
        fidelity="core",
        claims=(Beats("kd", on="accuracy", setting="weak-teacher"),),
        reduces_to=("kd", {"alpha": 0.0}),
    )

    alpha: float = param(0.5, "weight of the own choice after warm-up", low=0.0, high=1.0)

    def loss(self, student, batch, task):
        logits = student(batch.x).logits
        a = self.alpha * min(1.0, task.progress / 0.3)
        return (1 - a) * soft(logits, batch.taught[0].logits).mean() + a * own(logits).mean()
