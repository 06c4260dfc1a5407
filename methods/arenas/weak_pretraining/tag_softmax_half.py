"""Tag softmax half: `tag-softmax` for half of the steps, where `cluster-fit` and `self-distillation` begin anew.

    L = -log softmax(W z)_q,   q the picture's first tag

Follows the textbook.

>>> import torch
>>> round(F.cross_entropy(torch.tensor([[0.0, 1.0986123]]), torch.tensor([1])).item(), 4)                # -log 3/4
0.2877
"""

import torch.nn.functional as F

from methods.arenas.weak_pretraining.arena import WeakPretrainingMethod
from methods.kit.method import Card


class TagSoftmaxHalf(WeakPretrainingMethod):
    card = Card(title="Tag softmax, half the steps")

    def pretrain(self, task):
        return task.train(task.encoder(), self.head(task), lambda net, head, x, rows:
                          F.cross_entropy(head(net(task.view(x))), task.first[rows]), 0.5)
