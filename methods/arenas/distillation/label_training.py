"""Label training: no teacher, the labelled pictures alone.

    L = CE(y, softmax(z_S))

Follows the textbook.

>>> import torch
>>> round(float(torch.nn.functional.cross_entropy(torch.zeros(1, 2), torch.tensor([0]))), 4)
0.6931
"""

import torch.nn.functional as F

from methods.arenas.distillation.arena import DistillationMethod
from methods.kit.method import Card


class LabelTraining(DistillationMethod):
    card = Card(title="Label training")
    labelled = 1.0

    def loss(self, student, batch, task):
        return F.cross_entropy(student(batch.x).logits, batch.y)
