"""Mean pooling: a bag is as positive as its instances are on average.

Each instance is judged and the bag's score is the mean. One witness among many moves the mean little, and all instances
of a positive bag are taught that they are positive.

    s(bag) = mean_k s(x_k)

Follows the textbook.

>>> import torch
>>> pool(torch.tensor([[1.0, 0.0, 2.0]])).tolist()
[1.0]
"""

from methods.arenas.multiple_instance.arena import MultipleInstanceMethod
from methods.arenas.multiple_instance.stage.nets import InstanceNet
from methods.kit.method import Card


def pool(scores):
    """(B,) from (B, K)."""
    return scores.mean(1)


class MeanPooling(MultipleInstanceMethod):
    card = Card(title="Mean pooling")

    def model(self, task):
        return InstanceNet(task.width, task.trial.options.hidden, pool)
