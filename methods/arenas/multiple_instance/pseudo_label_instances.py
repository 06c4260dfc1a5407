"""Pseudo-labelled instances: every instance gets the label of its bag.

The oldest way out: train an instance classifier as if a positive bag held nothing but positives. The witnesses are the
only ones that are never in a negative bag, so that they still come out highest; the others of a positive bag are wrong
labels. A bag is judged by its highest instance.

    loss = mean_k BCE(s(x_k), y(bag)),   s(bag) = max_k s(x_k)

Follows the textbook.

>>> import torch
>>> spread(torch.tensor([1, 0]), 3).tolist()
[[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]
"""

import torch.nn.functional as F

from methods.arenas.multiple_instance.arena import MultipleInstanceMethod
from methods.arenas.multiple_instance.stage.nets import InstanceNet
from methods.kit.method import Card


def spread(labels, size):
    """(B, K) from (B,)."""
    return labels[:, None].float().expand(-1, size)


class PseudoLabelInstances(MultipleInstanceMethod):
    card = Card(title="Pseudo-labelled instances")

    def model(self, task):
        return InstanceNet(task.width, task.trial.options.hidden, lambda scores: scores.amax(1))

    def loss(self, model, bags, labels, task):
        scores = model(bags)[1]
        return F.binary_cross_entropy_with_logits(scores, spread(labels, scores.shape[1]))
