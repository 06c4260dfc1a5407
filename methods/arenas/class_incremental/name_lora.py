"""LoRA towards names: low-rank changes of a fixed rank, with the names' embeddings as classifier.

All linear maps of the blocks get low-rank changes that are trained on a session and added to the weights at its end;
the next session starts new ones. The rank is the same everywhere and nothing protects what was known.
"""

import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only
from methods.kit.adapters import SITES, LowRank, replace_linears
from methods.kit.method import Card
from methods.kit.params import param


class NameLora(ClassIncrementalMethod):
    card = Card(title="Sequential LoRA towards names")

    r: int = param(4, "rank of the change of a weight", low=1, high=8)

    def begin_session(self, net, session):
        self.names = session.names
        net.requires_grad_(False)
        self.parts = replace_linears(net, lambda linear: LowRank(linear, self.r))
        net.to(session.x.device)
        session.optimise(([p for part in self.parts for p in (part.a, part.b)], session.part_rate))

    def loss(self, net, session):
        x, y = session.draw()
        return F.cross_entropy(only(16 * self.scores(net, x), session.competing), y)

    def end_session(self, net, session):
        for part in self.parts:
            part.base.weight += part.change()
        replace_linears(net, lambda part: part.base, SITES)
        self.parts = []

    def scores(self, net, x):
        return F.normalize(net.features(x), dim=1) @ self.names.T
