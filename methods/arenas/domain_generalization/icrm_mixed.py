"""ICRM mixed: the same reader trained on pictures of many fonts at once, so that context says nothing.

    loss = mean_t CE(h(x_t; x_1 ... x_{t-1}), y_t),   x of any environment

What the reader's form alone gives.

>>> import torch
>>> Reader(8, 10, 4, 3).eval()(torch.zeros(1, 3, 2, 8, 8)).shape
torch.Size([1, 3, 10])
"""

import torch.nn.functional as F

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.arenas.domain_generalization.stage.in_context import Reader
from methods.kit.method import Card

LENGTH = 32     # pictures in a sequence


class IcrmMixed(DomainGeneralizationMethod):
    card = Card(title="ICRM on mixed environments")

    def net(self, task):
        return Reader(task.side, task.classes, task.trial.options.width, LENGTH)

    def backward(self, net, batch, task):
        x, y = task.sequences(LENGTH, mixed=True)
        loss = F.cross_entropy(net(x).flatten(0, 1), y.flatten())
        loss.backward()
        return loss

    def predict(self, net, x, context):
        return net.after(x, context)
