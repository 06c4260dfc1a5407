"""KD: learn the teacher's probabilities.

    L = tau^2 KL(softmax(z_T / tau) || softmax(z_S / tau)), on all pictures

Departs from the paper: no labels beside the teacher's words.

>>> import torch
>>> round(float(soft(torch.zeros(1, 2), torch.tensor([[0.0, 1.0986123]]))), 4)       # 0.25 log(1/2) + 0.75 log(3/2)
0.1308
"""

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.task import soft
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Kd(DistillationMethod):
    card = Card(
        title="KD",
        papers=(Paper("Distilling the Knowledge in a Neural Network", 2015, arxiv="1503.02531"),),
        fidelity="core",
        claims=(Beats("label-training", on="accuracy"),),
    )

    tau: float = param(1.0, "temperature of teacher and student", low=0.5, high=10.0)

    def loss(self, student, batch, task):
        return soft(student(batch.x).logits, batch.taught[0].logits, self.tau).mean()
