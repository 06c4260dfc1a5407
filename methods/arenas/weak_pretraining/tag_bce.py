"""Tag BCE: for every tag a yes or no.

    L = mean over pictures of sum_t BCE(sigmoid(w_t z + b_t), tag t given)

Follows the textbook.

>>> import torch
>>> round(F.binary_cross_entropy_with_logits(torch.zeros(1), torch.ones(1)).item(), 4)
0.6931
"""

import torch.nn.functional as F

from methods.arenas.weak_pretraining.arena import WeakPretrainingMethod
from methods.kit.method import Card


class TagBce(WeakPretrainingMethod):
    card = Card(title="Tag BCE")

    def loss(self, net, head, x, rows, task):
        said = head(net(task.view(x)))
        return F.binary_cross_entropy_with_logits(said, task.tags[rows], reduction="none").sum(1).mean()
