"""Entropy sampling: buy the labels of the pictures the network is least sure of, and learn from them.

    choose the largest  H(p) = -sum_c p_c log p_c

The plainest rule of active learning; what it buys are often near copies of one another.
"""

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import entropy, predict
from methods.kit.method import Card


class EntropySampling(DomainAdaptationMethod):
    """
    >>> import torch
    >>> from methods.arenas.domain_adaptation.stage.nets import entropy
    >>> entropy(torch.tensor([[1.0, 0.0], [0.5, 0.5]])).argmax().item()      # the even answer is chosen
    1
    """

    card = Card(title="Entropy sampling")

    def choose(self, net, task, many):
        doubt = entropy(predict(net, task.unlabelled)[1].softmax(1))
        doubt[task.bought] = -1.0
        return doubt.topk(many).indices
