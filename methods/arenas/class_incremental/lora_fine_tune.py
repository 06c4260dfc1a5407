"""LoRA fine-tuning: one low-rank change of the frozen network, trained on every session in turn.

The plainest use of parameter-efficient tuning in a stream: the pretrained weights stay, and one low-rank change
of the attention's linear maps is shared by all sessions and trained on with nothing that protects it. Only the
session's own classes compete in the loss.
"""

import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only
from methods.kit.adapters import LowRank, replace_linears
from methods.kit.method import Card
from methods.kit.params import param


class LoraFineTune(ClassIncrementalMethod):
    card = Card(title="Sequential LoRA")

    r: int = param(4, "rank of the change of a weight", low=1, high=8)

    def begin_session(self, net, session):
        if session.number == 0:
            net.requires_grad_(False)
            parts = replace_linears(net, lambda linear: LowRank(linear, self.r), ("query", "value"))
            self.changes = [p for part in parts for p in (part.a, part.b)]
            net.to(session.x.device)
        session.optimise((self.changes, session.part_rate), (net.head.parameters(), session.head_rate))

    def loss(self, net, session):
        x, y = session.draw()
        return F.cross_entropy(only(net(x), session.classes), y)
