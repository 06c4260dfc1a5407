"""Focal loss: let the examples already learned count less.

Cross-entropy keeps pushing on examples that are classified well, and on a long tail most of those belong to the
frequent classes. Focal loss multiplies each example's loss by a power of how wrong the network still is, so that
easy examples fade and the hard ones, among them the rare classes, drive the learning. With gamma = 0 it is
cross-entropy.

    loss(f, y) = -(1 - p_y)^gamma * log p_y,   p = softmax(f)                                   (eq. 4)

Departs from the paper: p is a softmax over the classes instead of a sigmoid for each, there is no alpha, and the
classifier's bias does not start at a prior.

>>> import torch
>>> round(FocalLoss(gamma=2.0).loss(torch.tensor([[0.0, 0.0]]), torch.tensor([1])).item(), 4)   # 0.5^2 * log 2
0.1733
"""

import torch.nn.functional as F

from methods.arenas.long_tail.arena import LongTailMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class FocalLoss(LongTailMethod):
    card = Card(
        title="Focal loss",
        papers=(Paper("Focal Loss for Dense Object Detection", 2017, arxiv="1708.02002"),),
        fidelity="core",
        claims=(Beats("cross-entropy", on="balanced_accuracy"),),
        reduces_to=("cross-entropy", {"gamma": 0.0}),
    )

    gamma: float = param(2.0, "how fast easy examples fade", low=0.0, high=5.0)

    def loss(self, logits, y):
        surprise = F.cross_entropy(logits, y, reduction="none")          # (B,) = -log p_y
        return ((1 - (-surprise).exp()).clamp(min=1e-6) ** self.gamma * surprise).mean()
