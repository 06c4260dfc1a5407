"""White-box PGD: climb the loss of the private models themselves.

The bound of this arena: what the radius allows to somebody who has the models that count. Each gradient is one of all
three models together.

Follows the textbook.
"""

import torch
import torch.nn.functional as F

from methods.arenas.adversarial_transfer.arena import AttackMethod
from methods.kit.method import Card


class WhiteBoxPgd(AttackMethod):
    sees_victims = True
    card = Card(title="White-box PGD")

    def perturb(self, x, task):
        return task.climb(x, lambda moved: self._lost(moved, x, task))

    def universal(self, task):
        return task.universal(lambda moved, x: self._lost(moved, x, task))

    def _lost(self, moved, x, task):
        losses = []
        for net in task.victims.values():
            with torch.no_grad():
                before = net(x).argmax(1)
            task.pay(moved)
            losses.append(F.cross_entropy(net(moved), before, reduction="none"))
        return torch.stack(losses).sum(0)
