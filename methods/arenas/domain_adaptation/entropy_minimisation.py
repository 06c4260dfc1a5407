"""Entropy minimisation: push the decision boundary out of where the target's pictures lie.

    loss = CE(head(z_s), y_s) + weight * mean H(p_t)

The whole network is trained; where the source is gone only the entropy is left.
"""

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import entropy
from methods.kit.method import Card
from methods.kit.params import param


class EntropyMinimisation(DomainAdaptationMethod):
    """
    >>> import torch
    >>> from methods.arenas.domain_adaptation.stage.nets import entropy
    >>> round(entropy(torch.tensor([[0.25, 0.75]])).item(), 4)       # .25 log 4 + .75 log 4/3
    0.5623
    """

    card = Card(title="Entropy minimisation")

    weight: float = param(0.3, "how much the targets' entropy counts", low=0.0, high=2.0)

    def loss(self, net, task):
        _, x = task.target()
        supervised = self.supervised(net, task)
        if len(x) < 2:
            return supervised
        loss = self.weight * entropy(net(x).softmax(1)).mean()
        return loss if supervised is None else loss + supervised
