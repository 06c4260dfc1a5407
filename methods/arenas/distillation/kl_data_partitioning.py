"""KL distillation with data partitioning: each picture is taught by whoever is surer of it, teacher or own start.

A trained student can learn even from a weaker network, which is right where the student is wrong; but following it
everywhere unlearns what the student knew. So a frozen copy of the student stands beside the teacher, and on each
picture the one that is surer, without labels by its highest probability, is the guide.

    L = mean_i tau^2 KL(p_guide(i) || p_S),   guide(i) = teacher if max p_T > max p_S0, else S0

Departs from the paper: tau is ours; steps, rate and optimiser are the arena's; in a setting whose student has learnt
nothing before, so has the frozen copy.

>>> import torch
>>> guide(torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [3.0, 0.0]])).tolist()
[[2.0, 0.0], [3.0, 0.0]]
"""

import copy

import torch

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.task import soft
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def guide(teacher, start):
    """Logits of the surer of both, row by row; the start's where they are equally sure."""
    surer = teacher.softmax(1).amax(1) > start.softmax(1).amax(1)
    return torch.where(surer[:, None], teacher, start)


class KlDataPartitioning(DistillationMethod):
    card = Card(
        title="KL distillation with data partitioning",
        papers=(Paper("Fantastic Gains and Where to Find Them: On the Existence and Prospect of General Knowledge "
                      "Transfer between Any Pretrained Model", 2023, arxiv="2310.17653"),),
        fidelity="faithful",
        claims=(Beats("untrained-student", on="accuracy", setting="peers"),
                Beats("kd", on="accuracy", setting="peers")),
    )

    tau: float = param(1.0, "temperature of guide and student", low=0.5, high=10.0)

    def prepare(self, student, task):
        self.start = copy.deepcopy(student).eval().requires_grad_(False)

    def loss(self, student, batch, task):
        with torch.no_grad():
            start = self.start(batch.x).logits
        return soft(student(batch.x).logits, guide(batch.taught[0].logits, start), self.tau).mean()
