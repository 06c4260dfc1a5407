"""Joint training: keep every picture and train on all of them in every session.

This breaks two rules that bind the others: it keeps every picture, and it spends three times their gradient budget in
every session, as there is more to learn in later ones; batches are drawn evenly from all pictures so far and all
classes seen compete. So it is no contestant but the level to which the others are compared, and no claim is made
against it. With an effort of 1 only the first rule is broken.
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only
from methods.kit.method import Card
from methods.kit.params import param


class JointTraining(ClassIncrementalMethod):
    card = Card(
        title="Joint training (reference: all pictures kept, three times the budget)",
        waivers={"pays-for-its-gradients": "the upper bound has three times the budget",
                 "keeps-pictures-in-memory-alone": "the upper bound keeps all pictures"},
    )

    effort: int = param(3, "gradient budget as a multiple of the others'", low=1, high=10)

    def begin_session(self, net, session):
        session.budget *= self.effort
        if session.number == 0:
            self.x, self.y = session.x[:0], session.y[:0]
        self.x, self.y = torch.cat([self.x, session.x]), torch.cat([self.y, session.y])

    def loss(self, net, session):
        at = torch.randint(len(self.y), (session.batch_size,)).to(self.y.device)
        return F.cross_entropy(only(net(session.view(self.x[at])), session.seen), self.y[at])
