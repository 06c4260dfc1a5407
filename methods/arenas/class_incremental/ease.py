"""EASE: a new adapter per session, and guessed prototypes where old classes cannot be seen.

Every session trains an adapter of its own in the frozen network, so that each adapter spans a subspace of features.
Classes are prototypes in all subspaces. Old classes have no pictures left to be seen through a new adapter; their
prototypes there are put together from the new classes' ones, weighted by how similar old and new classes are in
the subspace where both were seen. A class's own subspace counts more than the others, of which the mean counts.

    p_i^b = sum_j softmax_j(cos(p_i^o, p_j^o)) p_j^b
    score_i = cos(z^o, p_i^o) + alpha / (T - 1) sum_{b != o} cos(z^b, p_i^b)

Departs from the paper: the division by the T - 1 other subspaces is that of the authors' code; an adapter follows the
feed-forward part, with a GELU, where theirs runs beside it, with a ReLU and a factor of 0.1, and the session's
classifier is linear where theirs is a cosine.

>>> import torch
>>> old, new = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0], [0.0, -1.0]])
>>> complement(old, new, torch.tensor([[2.0, 0.0], [0.0, 4.0]])).tolist()       # equally similar: the mean of both
[[1.0, 2.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import class_means, in_parts, only
from methods.kit.adapters import Bottleneck
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def complement(old, new, there):
    """Prototypes (K, D) for old classes (K, D) in a subspace where the new ones (N, D) are at `there` (N, D)."""
    return (F.normalize(old, dim=1) @ F.normalize(new, dim=1).T).softmax(1) @ there


class Ease(ClassIncrementalMethod):
    card = Card(
        title="EASE (expandable subspace ensemble)",
        papers=(Paper("Expandable Subspace Ensemble for Pre-Trained Model-Based Class-Incremental Learning", 2024,
                      arxiv="2403.12030"),),
        fidelity="faithful",
        claims=(Beats("simple-cil", on="last_accuracy"), Beats("aper", on="last_accuracy"),
                Beats("l2p", on="last_accuracy")),
    )

    alpha: float = param(0.1, "weight of subspaces that are not the class's own", low=0.0, high=1.0)
    size: int = param(8, "hidden units of an adapter", low=1, high=32)

    def begin_session(self, net, session):
        if session.number == 0:
            net.requires_grad_(False)
            self.adapters, self.prototypes = [], []
            self.own = torch.zeros(session.total, dtype=torch.long, device=session.x.device)
        for p in (p for adapter in self.adapters for part in adapter for p in part.parameters()):
            p.requires_grad_(False)
        self.adapters.append([Bottleneck(net.width, self.size) for _ in net.blocks])
        self.put(net, session.number)
        net.to(session.x.device)
        trained = [p for part in self.adapters[-1] for p in part.parameters()]
        session.optimise((trained, session.part_rate), (net.head.parameters(), session.head_rate))

    def put(self, net, number):
        """Work in the subspace of one session."""
        for block, part in zip(net.blocks, self.adapters[number], strict=True):
            block.after_feed = part

    def loss(self, net, session):
        x, y = session.draw()
        return F.cross_entropy(only(net(x), session.classes), y)

    def end_session(self, net, session):
        number, new = session.number, session.new
        self.prototypes.append(session.names.new_zeros(session.total, net.width))
        self.own[new] = number
        for b in range(number + 1):
            self.put(net, b)
            self.prototypes[b][new] = class_means(in_parts(net.features, session.x), session.y, new)
        for i in session.old:
            seen_in = self.prototypes[int(self.own[i])]
            if len(new):
                self.prototypes[-1][i] = complement(seen_in[i][None], seen_in[new], self.prototypes[-1][new])[0]

    def scores(self, net, x):
        total = x.new_zeros(len(x), len(self.own))
        for b, prototypes in enumerate(self.prototypes):
            self.put(net, b)
            weight = torch.where(self.own == b, 1.0, self.alpha / max(1, len(self.prototypes) - 1))
            total += weight * (F.normalize(net.features(x), dim=1) @ F.normalize(prototypes, dim=1).T)
        return total
