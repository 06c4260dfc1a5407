"""CRD: the student's features of a picture are to tell the teacher's of the same picture from those of others.

Features of both networks go through a linear layer each to the unit sphere. A memory keeps the last embedding of every
training picture in both; each picture is told from K others drawn at random, by noise-contrastive estimation, once with
the student's embedding against the teacher's memory and once the other way.

    L = KL(p_T || p_S) + beta (L_S + L_T),   L_S = -1/B sum_i [log h(i, i) + sum_{j of K} log(1 - h(i, j))]
    h(i, j) = s / (s + K/N),   s = exp(g_S(i) . m_T(j) / t) / Z,   m <- normalised (m + g) / 2

Departs from the paper: the labels' cross-entropy is that with the teacher's probabilities, on all pictures; K is 128
and embeddings have 32 dimensions, for 10,000 pictures.

>>> import torch
>>> round(float(estimated(torch.tensor([[1.0, 1.0]]), 1.0)), 4)                       # -log 1/2 - log 1/2
1.3863
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.task import joined, soft
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def estimated(s, noise):
    """The loss of scores s (B, 1 + K), the first of each row being the right one; `noise` is K/N."""
    return -((s[:, 0] / (s[:, 0] + noise + 1e-7)).log() + (noise / (s[:, 1:] + noise + 1e-7)).log().sum(1)).mean()


class Crd(DistillationMethod):
    card = Card(
        title="CRD",
        papers=(Paper("Contrastive Representation Distillation", 2019, arxiv="1910.10699"),),
        fidelity="core",
        claims=(Beats("kd", on="accuracy"), Beats("fitnet", on="accuracy")),
    )

    beta: float = param(0.8, "weight of the contrast", low=0.0, high=5.0)
    t: float = param(0.07, "temperature of the contrast", low=0.05, high=1.0)
    k: int = param(128, "pictures that each is told from", low=1, high=4096)
    width: int = param(32, "dimensions of the embeddings", low=2, high=128)

    def prepare(self, student, task):
        wide = student.wide, task.told[0].features.shape[1]
        self.embed = joined(*(nn.Linear(each, self.width) for each in wide)).to(task.device)
        memory = torch.rand(2, len(task.x), self.width) * 2 - 1
        self.memory, self.scale = F.normalize(memory, dim=2).to(task.device), [None, None]
        return self.embed

    def loss(self, student, batch, task):
        said, n = student(batch.x), len(task.x)
        made = [F.normalize(layer(each), dim=1) for layer, each in
                zip(self.embed, (said.features, batch.taught[0].features), strict=True)]
        others = torch.cat([batch.rows[:, None], torch.randint(n, (len(batch.rows), self.k), device=task.device)], 1)
        total = soft(said.logits, batch.taught[0].logits).mean()
        for side in (0, 1):
            s = (torch.einsum("bkd,bd->bk", self.memory[1 - side][others], made[side]) / self.t).exp()
            if self.scale[side] is None:
                self.scale[side] = s.mean().detach() * n
            total = total + self.beta * estimated(s / self.scale[side], self.k / n)
        with torch.no_grad():
            for side in (0, 1):
                self.memory[side][batch.rows] = F.normalize(self.memory[side][batch.rows] + made[side], dim=1)
        return total
