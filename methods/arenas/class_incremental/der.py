"""DER: freeze what was learned and grow a new feature extractor beside it for every session.

The representation is the concatenation of all extractors; only the newest is trained, on the session's and the kept
pictures. An auxiliary classifier on the new extractor alone tells the new classes from each other and from all old
ones together, so that it learns what the old features lack. Afterwards the classifier is tuned again on the balanced
kept pictures with a temperature.

    u(x) = [Phi_{t-1}(x), F_t(x)],   loss = CE(H(u(x)), y) + lam CE(A(F_t(x)), new class or "old")

Departs from the paper: extractors are not masked and pruned, so the network grows by a whole copy each session; new
extractors start from the weights of the last one; tuned again, the classifier starts from its weights, where the paper
draws it anew, and this is done after the first session too.

>>> import torch
>>> among_new(torch.tensor([3, 0, 7]), torch.tensor([3, 7])).tolist()                # old classes share the place 0
[1, 0, 2]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import frozen_copy, in_parts, only, with_memory
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def among_new(y, new):
    """(B,) 1 + place of each label among the new classes, 0 for all others."""
    match = y[:, None] == new[None]
    return torch.where(match.any(1), match.float().argmax(1) + 1, 0)


class Der(ClassIncrementalMethod):
    card = Card(
        title="DER (dynamically expandable representation)",
        papers=(Paper("DER: Dynamically Expandable Representation for Class Incremental Learning", 2021,
                      arxiv="2103.16788"),),
        fidelity="core",
        claims=(Beats("icarl", on="average_accuracy", setting="exemplars"),
                Beats("experience-replay", on="average_accuracy", setting="exemplars"),
                Beats("lwf", on="average_accuracy", setting="exemplars")),
    )

    lam: float = param(1.0, "weight of the auxiliary classifier", low=0.0, high=5.0)
    temperature: float = param(5.0, "temperature when the classifier is balanced", low=0.5, high=10.0)

    def begin_session(self, net, session):
        if session.number == 0:
            self.frozen, self.width = [], net.width
            self.network = net.backbone()
        else:
            grown = nn.Linear(self.width * (session.number + 1), session.total).to(session.x.device)
            with torch.no_grad():
                grown.weight[:, :net.head.in_features] = net.head.weight
                grown.weight[:, net.head.in_features:] = 0.0
                grown.bias.copy_(net.head.bias)
            net.head = nn.Identity()
            self.frozen.append(frozen_copy(net))
            net.head = grown
        net.auxiliary = nn.Linear(self.width, len(session.new) + 1).to(session.x.device)
        heads = [*net.head.parameters(), *net.auxiliary.parameters()]
        session.optimise((self.network, session.rate), (heads, session.head_rate))

    def features(self, net, x):
        with torch.no_grad():
            old = [extractor.features(x) for extractor in self.frozen]
        return torch.cat([*old, net.features(x)], 1)

    def loss(self, net, session):
        x, y = with_memory(session)
        z = self.features(net, x)
        loss = F.cross_entropy(only(net.head(z), session.competing), y)
        if not self.frozen:
            return loss
        return loss + self.lam * F.cross_entropy(net.auxiliary(z[:, -self.width:]), among_new(y, session.new))

    def end_session(self, net, session):
        session.memory.share(session.x, session.y)
        if not len(session.memory):
            return
        z, y = in_parts(lambda x: self.features(net, x), session.memory.x), session.memory.y
        optimizer = torch.optim.AdamW(net.head.parameters(), 0.2 * session.head_rate)
        with torch.enable_grad():
            for _ in range(60):
                at = torch.randint(len(y), (2 * session.batch_size,)).to(y.device)
                loss = F.cross_entropy(only(net.head(z[at]) / self.temperature, session.seen), y[at])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()

    def scores(self, net, x):
        return net.head(self.features(net, x))
