"""Fine-tuning: start from the teacher's weights and train all of them on the labelled pictures.

What is usually done with a pretrained network; in `attention` the teacher is one that has seen no labels.

    theta_0 = theta of the last teacher,   L = CE(y, softmax(z_S))

Follows the textbook.

>>> import torch
>>> round(float(torch.nn.functional.cross_entropy(torch.zeros(1, 2), torch.tensor([0]))), 4)
0.6931
"""

import copy

import torch.nn.functional as F

from methods.arenas.distillation.arena import DistillationMethod
from methods.kit.method import Card


class FineTuneTeacher(DistillationMethod):
    card = Card(title="Fine-tuning the teacher")
    labelled = 1.0

    def student(self, task):
        return copy.deepcopy(task.teachers[-1]).requires_grad_(True)

    def loss(self, student, batch, task):
        return F.cross_entropy(student(batch.x).logits, batch.y)
