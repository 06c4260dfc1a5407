"""Sequential fine-tuning: train the whole network on every session in turn and hope.

Nothing protects what was learned before. The classifier is trained with cross-entropy over the session's classes, so
that the outputs of old classes are at least not pushed down by pictures that cannot show them; the features they
read move all the same. It is where forgetting is measured from. When all classes met so far compete, old classes are
soon no longer answered at all.
"""

import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only
from methods.kit.method import Card
from methods.kit.params import param


class FineTune(ClassIncrementalMethod):
    card = Card(title="Sequential fine-tuning")

    compete: str = param("session", "classes that the loss lets compete: the session's, or all seen",
                         choices=("session", "seen"))

    def loss(self, net, session):
        x, y = session.draw()
        classes = session.seen if self.compete == "seen" else session.classes
        return F.cross_entropy(only(net(x), classes), y)
