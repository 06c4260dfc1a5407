"""Tag softmax: one of a picture's tags, taken as its class.

    L = -log softmax(W z)_q,   q the picture's first tag

Follows the textbook.

>>> import torch
>>> round(F.cross_entropy(torch.tensor([[0.0, 1.0986123]]), torch.tensor([1])).item(), 4)                # -log 3/4
0.2877
"""

import torch.nn.functional as F

from methods.arenas.weak_pretraining.arena import WeakPretrainingMethod
from methods.kit.method import Card


class TagSoftmax(WeakPretrainingMethod):
    card = Card(title="Tag softmax")

    def loss(self, net, head, x, rows, task):
        return F.cross_entropy(head(net(task.view(x))), task.first[rows])
