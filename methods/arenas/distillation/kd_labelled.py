"""KD on labelled pictures: labels and the teacher's probabilities together, as the paper mixes them.

    L = (1 - alpha) CE(y, softmax(z_S)) + alpha tau^2 KL(softmax(z_T / tau) || softmax(z_S / tau)),   labelled pictures

Departs from the paper: alpha and tau are those that later work on pictures settled on (0.9 and 4).

>>> import torch
>>> z, taught, y = torch.zeros(1, 2), torch.tensor([[0.0, 1.0986123]]), torch.tensor([1])
>>> round(float(mixed(z, taught, y, 0.5, 1.0)), 4)                                   # (0.6931 + 0.1308) / 2
0.412
"""

import torch.nn.functional as F

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.task import soft
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def mixed(logits, taught, y, alpha, tau):
    """The weighed sum of both losses."""
    return (1 - alpha) * F.cross_entropy(logits, y) + alpha * soft(logits, taught, tau).mean()


class KdLabelled(DistillationMethod):
    card = Card(
        title="KD on labelled pictures",
        papers=(Paper("Distilling the Knowledge in a Neural Network", 2015, arxiv="1503.02531"),),
        fidelity="faithful",
        claims=(Beats("label-training", on="accuracy"),),
    )
    labelled = 1.0

    alpha: float = param(0.9, "weight of the teacher's probabilities", low=0.0, high=1.0)
    tau: float = param(4.0, "temperature of teacher and student", low=0.5, high=10.0)

    def loss(self, student, batch, task):
        return mixed(student(batch.x).logits, batch.taught[0].logits, batch.y, self.alpha, self.tau)
