"""Best single encoder: of a zoo, the one that has learnt names, with a head of its own.

    f(x) = head(z_main(x))

What a zoo must beat to be worth having. It is taken as the best without asking; the others have seen no names.

>>> import torch
>>> Head(3)(torch.zeros(2, 64)).shape
torch.Size([2, 3])
"""

import torch.nn.functional as F

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.arenas.domain_generalization.stage.zoo import HEADS, Head, Zoo, zoo
from methods.kit.method import Card


class BestSingleEncoder(DomainGeneralizationMethod):
    card = Card(title="Best encoder of a zoo")

    def fit(self, task):
        net = Zoo(zoo(task), [Head(task.classes).to(task.trial.device)], [0])

        def backward(batch):
            loss = F.cross_entropy(net.heads[0](net.features(batch.x)[0]), batch.y)
            loss.backward()
            return loss

        return task.train(net, backward, share=HEADS)
