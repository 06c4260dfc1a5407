"""Instance supervised: what is left to bags when every instance has its label.

The same instance classifier, trained on the labels of the instances themselves. No method without them can count on
more; it is the upper end of this arena, not a contestant.

    loss = mean_k BCE(s(x_k), y_k), positives weighted up to the share of negatives,   s(bag) = max_k s(x_k)

Follows the textbook.

>>> import torch
>>> weight(torch.tensor([[1, 0, 0, 0]])).item()
3.0
"""

import torch.nn.functional as F

from methods.arenas.multiple_instance.arena import MultipleInstanceMethod
from methods.arenas.multiple_instance.stage.nets import InstanceNet
from methods.kit.method import Card


def weight(instances):
    """How many negatives there are for each positive."""
    positive = instances.sum().clamp(min=1)
    return (instances.numel() - positive) / positive


class InstanceSupervised(MultipleInstanceMethod):
    card = Card(title="Instance supervised (upper bound)")
    sees_instances = True

    def model(self, task):
        return InstanceNet(task.width, task.trial.options.hidden, lambda scores: scores.amax(1))

    def loss(self, model, bags, labels, task):
        return F.binary_cross_entropy_with_logits(model(bags)[1], task.instances[task.rows].float(),
                                                  pos_weight=weight(task.instances))
