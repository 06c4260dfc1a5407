"""Fine-tuning towards names: train the whole network with the fixed embeddings of the class names as classifier.

The classifier is not trained but given: a picture's features are to agree with the embedding of its name more than
with those of the other names met so far. Every session is trained on in turn, with kept pictures where allowed.
"""

import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only, with_memory
from methods.kit.method import Card


class NameFineTune(ClassIncrementalMethod):
    card = Card(title="Sequential fine-tuning towards names")

    def begin_session(self, net, session):
        self.names = session.names
        session.optimise((net.backbone(), session.rate))

    def loss(self, net, session):
        x, y = with_memory(session)
        return F.cross_entropy(only(16 * self.scores(net, x), session.competing), y)

    def end_session(self, net, session):
        session.memory.share(session.x, session.y)

    def scores(self, net, x):
        return F.normalize(net.features(x), dim=1) @ self.names.T
