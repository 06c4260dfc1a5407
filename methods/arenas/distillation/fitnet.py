"""FitNet: first make the student's half-way map one from which the teacher's can be drawn, then distil.

A small network is led through its middle: in a first stage a map half way through it, passed through a regressor, is to
equal the teacher's half-way map (the hint); only what lies below is trained. In a second stage all of it learns the
teacher's probabilities, and the regressor is left behind.

    stage 1:  L = 1/2 ||u(x) - r(v(x))||^2
    stage 2:  L = tau^2 KL(softmax(z_T / tau) || softmax(z_S / tau))

Departs from the paper: no labels in the second stage; the regressor is a 1 x 1 convolution; where the maps have unlike
sides the larger is averaged; the first stage has a fourth of the steps; squares are averaged and not added up.

>>> import torch
>>> round(float(hint(torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 2, 2))), 4)                       # 1/2 of the mean
0.5
"""

from torch import nn

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.task import soft
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def hint(drawn, wanted):
    """Half the mean squared difference of two maps."""
    return (drawn - wanted).square().mean() / 2


class Fitnet(DistillationMethod):
    card = Card(
        title="FitNet",
        papers=(Paper("FitNets: Hints for Thin Deep Nets", 2014, arxiv="1412.6550"),),
        fidelity="core",
        claims=(Beats("kd", on="accuracy"),),
    )

    first: float = param(0.25, "share of the steps that the first stage has", low=0.0, high=0.9)
    tau: float = param(1.0, "temperature of teacher and student", low=0.5, high=10.0)

    def prepare(self, student, task):
        self.regressor = nn.Conv2d(student.lower_shape[0], task.teacher.lower_shape[0], 1)
        self.side = min(student.lower_shape[1], task.teacher.lower_shape[1])
        return self.regressor.to(task.device)

    def loss(self, student, batch, task):
        if task.progress >= self.first:
            return soft(student(batch.x).logits, batch.taught[0].logits, self.tau).mean()
        drawn = self.regressor(task.pooled(student.lower(batch.x), self.side))
        return hint(drawn, task.pooled(task.teacher.lower(batch.x), self.side))
