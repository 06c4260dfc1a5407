"""KD with labels: half of each batch has labels, all of it is taught.

    L = CE(y, softmax(z_S)) on the labelled half + KL(softmax(z_T) || softmax(z_S)) on the whole batch

Departs from the paper: both weigh one, and pictures without labels are taught beside those that have one.

>>> import torch
>>> round(float(soft(torch.zeros(1, 2), torch.tensor([[0.0, 1.0986123]]))), 4)       # 0.25 log(1/2) + 0.75 log(3/2)
0.1308
"""

import torch.nn.functional as F

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.task import soft
from methods.kit.method import Beats, Card, Paper


class KdWithLabels(DistillationMethod):
    card = Card(
        title="KD with labels",
        papers=(Paper("Distilling the Knowledge in a Neural Network", 2015, arxiv="1503.02531"),),
        fidelity="core",
        claims=(Beats("label-training", on="accuracy"),),
    )
    labelled = 0.5

    def loss(self, student, batch, task):
        logits = student(batch.x).logits
        return F.cross_entropy(logits[:len(batch.y)], batch.y) + soft(logits, batch.taught[0].logits).mean()
