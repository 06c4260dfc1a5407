"""Max pooling: a bag is as positive as its most positive instance.

The rule that defines the labels, taken as the model: only the highest instance of a bag learns in a step. If the first
choice is wrong, training goes on with it.

    s(bag) = max_k s(x_k)

Follows the textbook.

>>> import torch
>>> pool(torch.tensor([[1.0, 0.0, 2.0]])).tolist()
[2.0]
"""

from methods.arenas.multiple_instance.arena import MultipleInstanceMethod
from methods.arenas.multiple_instance.stage.nets import InstanceNet
from methods.kit.method import Card


def pool(scores):
    """(B,) from (B, K)."""
    return scores.amax(1)


class MaxPooling(MultipleInstanceMethod):
    card = Card(title="Max pooling")

    def model(self, task):
        return InstanceNet(task.width, task.trial.options.hidden, pool)
