"""Hard labels: the teacher's first choice as if it were the label.

    L = CE(argmax z_T, softmax(z_S)), on all pictures

Follows the textbook.

>>> import torch
>>> round(float(torch.nn.functional.cross_entropy(torch.zeros(1, 2), torch.tensor([[0.0, 3.0]]).argmax(1))), 4)
0.6931
"""

import torch.nn.functional as F

from methods.arenas.distillation.arena import DistillationMethod
from methods.kit.method import Card


class HardLabels(DistillationMethod):
    card = Card(title="Hard labels of the teacher")

    def loss(self, student, batch, task):
        return F.cross_entropy(student(batch.x).logits, batch.taught[0].logits.argmax(1))
