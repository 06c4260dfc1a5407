"""Independent experts: a model of its own for every session, always trained from the same start.

Nothing passes from session to session and nothing is forgotten: each session trains a fresh copy of the network the
stream began with, and all copies are kept. Pictures of unknown session go to the model that is surest.
"""

import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import frozen_copy, only
from methods.kit.method import Card


class IndependentExperts(ClassIncrementalMethod):
    card = Card(title="Independent experts")

    def begin_session(self, net, session):
        if session.number == 0:
            self.start, self.experts, self.groups = frozen_copy(net), [], []
        net.load_state_dict(self.start.state_dict())
        self.groups.append(session.new)

    def loss(self, net, session):
        x, y = session.draw()
        return F.cross_entropy(only(net(x), session.classes), y)

    def end_session(self, net, session):
        self.experts.append(frozen_copy(net))

    def scores(self, net, x):
        out = x.new_full((len(x), net.head.out_features), -1.0)
        for model, classes in zip(self.experts, self.groups, strict=False):
            if len(classes):
                out[:, classes] = model(x)[:, classes].softmax(1)
        return out
