"""Uniform ensemble: a head on each encoder of a zoo, and the mean of what they say.

    p(y | x) = mean_k softmax(head_k(z_k(x)))

>>> import torch
>>> Head(3)(torch.zeros(2, 64)).shape
torch.Size([2, 3])
"""

import torch.nn.functional as F

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.arenas.domain_generalization.stage.zoo import HEADS, Head, Zoo, zoo
from methods.kit.method import Card


class UniformEnsemble(DomainGeneralizationMethod):
    card = Card(title="Mean over a zoo")

    def fit(self, task):
        encoders = zoo(task)
        net = Zoo(encoders, [Head(task.classes).to(task.trial.device) for _ in encoders], list(range(len(encoders))))

        def backward(batch):
            loss = sum(F.cross_entropy(head(z), batch.y) for head, z in zip(net.heads, net.features(batch.x),
                                                                            strict=True))
            loss.backward()
            return loss

        return task.train(net, backward, share=HEADS)
