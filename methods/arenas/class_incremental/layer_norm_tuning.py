"""LayerNorm tuning: one set of normalisation scales and shifts per session, found again by a key.

The network is frozen but for the scales and shifts of its normalisations, of which every session gets its own set,
a copy of the last session's to begin with, and a key. The key is pulled towards the frozen network's features of the
session's pictures, so that at test time the set whose key is most similar is used. Training has two stages: first the
session's set with the classifier, then the classifier alone on features under the set that the keys choose, right or
wrong, as at test time.

    t* = argmax_t cos(q(x), k_t),   loss = CE + mean (1 - cos(q(x), k_t))

Departs from the paper: a key starts near the session's mean feature and is trained beside the set, where the authors'
code draws keys orthogonal at random and trains them in a pass before; and the first stage trains the classifier that
answers later, where theirs has a throw-away one.

>>> import torch
>>> chosen(torch.tensor([[1.0, 0.2]]), torch.tensor([[0.0, 1.0], [2.0, 0.0]])).tolist()
[1]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import in_parts, only, swapped
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def chosen(query, keys):
    """(B,) the key (T, D) most similar to each query (B, D)."""
    return (F.normalize(query, dim=1) @ F.normalize(keys, dim=1).T).argmax(1)


class LayerNormTuning(ClassIncrementalMethod):
    card = Card(
        title="LayerNorm tuning, two stages",
        papers=(Paper("On the Effectiveness of LayerNorm Tuning for Continual Learning in Vision Transformers", 2023,
                      arxiv="2308.09610"),),
        fidelity="faithful",
        claims=(Matches("l2p", on="average_accuracy", within=1.0, cost="trained parameters"),
                Beats("fine-tune", on="average_accuracy")),
    )

    first: float = param(0.7, "share of a session spent on the first stage; at 1 there is no second", low=0.3, high=1.0)

    def begin_session(self, net, session):
        if session.number == 0:
            net.requires_grad_(False)
            self.norms = [p for module in net.modules() if isinstance(module, nn.LayerNorm)
                          for p in module.parameters()]
            self.frozen = [p.detach().clone() for p in self.norms]
            self.keys, self.sets = [], []
        for p, value in zip(self.norms, self.sets[-1] if self.sets else self.frozen, strict=True):
            p.data = value.clone()
        with torch.no_grad():
            key = in_parts(net.features, session.x[:64]).mean(0)
        self.keys.append(nn.Parameter(key + 0.1 * torch.randn(len(key)).to(key.device)))
        self.second = False
        session.optimise(([*self.norms, *net.head.parameters(), self.keys[-1]], session.head_rate), ends=self.first)

    def loss(self, net, session):
        x, y = session.draw()
        if session.progress >= self.first and not self.second:
            self.second = True
            self.sets.append([p.data.clone() for p in self.norms])
            for p in self.norms:
                p.requires_grad_(False)
            session.optimise((net.head.parameters(), session.head_rate))
        if self.second:
            with torch.no_grad():
                z = self.features(net, x)
            return F.cross_entropy(only(net.head(z), session.classes), y)
        loss = F.cross_entropy(only(net(x), session.classes), y)
        with torch.no_grad(), swapped(self.norms, self.frozen):
            query = net.features(x)
        return loss + (1 - F.cosine_similarity(query, self.keys[-1][None])).mean()

    def end_session(self, net, session):
        if not self.second:
            self.sets.append([p.data.clone() for p in self.norms])

    def features(self, net, x):
        with swapped(self.norms, self.frozen):
            which = chosen(net.features(x), torch.stack(list(self.keys)))
        out = x.new_zeros(len(x), net.width)
        for t in which.unique():
            with swapped(self.norms, self.sets[int(t)]):
                out[which == t] = net.features(x[which == t])
        return out

    def scores(self, net, x):
        return net.head(self.features(net, x)) if getattr(self, "keys", None) else net(x)
