"""Asked kinds, an upper bound: trained on episodes of the kinds that are asked about, by drawings nobody else sees.

    L = - mean over t of log p(y_t | pairs before t, x_t), kinds those of the test

In `regression` there is no other data, and it is trained on what is asked: functions drawn as for all.

>>> AskedKinds().sees_kinds
True
"""

from methods.arenas.in_context_learning.arena import InContextLearningMethod
from methods.arenas.in_context_learning.stage.task import every_loss
from methods.kit.method import Card


class AskedKinds(InContextLearningMethod):
    card = Card(title="Asked kinds (upper bound)")
    sees_kinds = True

    def loss(self, net, task):
        return every_loss(net, *self.episode(task))
