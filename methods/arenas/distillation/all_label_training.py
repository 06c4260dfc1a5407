"""All-label training: the true labels of all pictures, also of those that have none for others.

What labels would be worth at the same number of steps. It is no upper bound: a teacher's probabilities say more of a
picture than its label does.

    L = CE(y, softmax(z_S))

Follows the textbook.

>>> import torch
>>> round(float(torch.nn.functional.cross_entropy(torch.zeros(1, 2), torch.tensor([0]))), 4)
0.6931
"""

import torch.nn.functional as F

from methods.arenas.distillation.arena import DistillationMethod
from methods.kit.method import Card


class AllLabelTraining(DistillationMethod):
    card = Card(title="All-label training (a reference)")
    sees_all_labels = True

    def loss(self, student, batch, task):
        return F.cross_entropy(student(batch.x).logits, task.truth[batch.rows])
