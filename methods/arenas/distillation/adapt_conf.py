"""AdaptConf: the student's confidence in itself weighs its own choice against the weak teacher's, picture by picture.

Where student and teacher choose the same class both weigh one half. Where they differ, the less likely the student
finds the teacher's choice, the more the teacher's word counts; where it is torn, both weigh about alike.

    b = exp(CE(p_S, own) / T) / (exp(CE(p_S, own) / T) + exp(CE(p_S, teacher's) / T)),   no gradient through b
    L = mean_i [(1 - b) KL(p_T || p_S) + b CE(own, p_S)],   own and teacher's: first choices

T is 0.5, the default of the authors' code.

Departs from the paper: no labels; steps, rate and networks are the arena's.

>>> import torch
>>> z = torch.tensor([[0.0, 1.0986123]])                       # 0.25 and 0.75: 0.75^-2 / (0.75^-2 + 0.25^-2)
>>> round(float(weight(z, torch.tensor([[1.0, 0.0]]), 0.5)), 4), float(weight(z, z, 0.5))
(0.1, 0.5)
"""

import torch.nn.functional as F

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.task import soft
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def weight(logits, taught, t):
    """(N,) of the own choice."""
    own, other = (F.cross_entropy(logits, each.argmax(1), reduction="none") / t for each in (logits, taught))
    return (own - other).sigmoid().detach()


class AdaptConf(DistillationMethod):
    card = Card(
        title="AdaptConf",
        papers=(Paper("Vision Superalignment: Weak-to-Strong Generalization for Vision Foundation Models", 2024,
                      arxiv="2402.03749"),),
        fidelity="faithful",
        claims=(Beats("kd", on="accuracy", setting="weak-teacher"),
                Beats("aux-confidence", on="accuracy", setting="weak-teacher")),
    )

    t: float = param(0.5, "temperature of the weight", low=0.05, high=10.0)

    def loss(self, student, batch, task):
        logits, taught = student(batch.x).logits, batch.taught[0].logits
        b = weight(logits, taught, self.t)
        own = F.cross_entropy(logits, logits.argmax(1), reduction="none")
        return ((1 - b) * soft(logits, taught) + b * own).mean()
