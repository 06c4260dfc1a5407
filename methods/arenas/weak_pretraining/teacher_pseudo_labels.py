"""Teacher pseudo-labels: tags aside, each picture's class is what a teacher of the few clean labels says.

    L = -log softmax(W z)_p,   p the teacher's choice

Follows the textbook.

>>> import torch
>>> round(F.cross_entropy(torch.tensor([[0.0, 1.0986123]]), torch.tensor([1])).item(), 4)                # -log 3/4
0.2877
"""

import torch.nn.functional as F

from methods.arenas.weak_pretraining.arena import WeakPretrainingMethod
from methods.kit.method import Card


class TeacherPseudoLabels(WeakPretrainingMethod):
    card = Card(title="Teacher pseudo-labels")

    def head(self, task):
        self.said = task.teacher()
        return task.layer(task.kinds)

    def loss(self, net, head, x, rows, task):
        return F.cross_entropy(head(net(task.view(x))), self.said[rows])
