"""CoDyRA: let each weight matrix find its own rank by thresholding the importance of every direction.

The maps to queries and values and both feed-forward maps get a low-rank change whose rank-one directions carry an
importance weight each, drawn at random.
After a dense beginning, a proximal step shrinks the weights towards zero and sets the small ones to zero, so that each
map keeps as many directions as the session needs and disturbs what was known as little as it can. At the end the
change is added to the weights and the next session starts new ones. Pictures are compared with the names' embeddings.

    Delta W = sum_i w_i b_i a_i^T,   w_i <- sign(w_i) max(|w_i| - kappa, 0) after each step

Departs from the paper: the network is a small one; the maps to keys and out of attention get no change, the names'
embeddings are not tuned, and the loss asks for the name of a picture alone, where the authors' code also asks for the
pictures of a name; a map has 8 directions instead of 16; as a session has 32 steps instead of 500, the threshold of a
step is larger, to the same sum over a session.

>>> import torch
>>> shrunk(torch.tensor([0.5, -0.25, 0.1]), 0.2).tolist()
[0.30000001192092896, -0.04999999701976776, 0.0]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only
from methods.kit.adapters import SITES, LowRank, replace_linears
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def shrunk(w, kappa):
    """Soft thresholding."""
    return w.sign() * (w.abs() - kappa).clamp(min=0)


class Weighed(LowRank):
    """A low-rank change with an importance weight per direction."""

    def __init__(self, linear, rank):
        super().__init__(linear, rank)
        self.w = nn.Parameter(torch.randn(rank).to(linear.weight.device))

    def forward(self, x):
        return self.base(x) + F.linear(self.w * F.linear(x, self.a), self.b)

    def change(self):
        return (self.b * self.w) @ self.a


class Codyra(ClassIncrementalMethod):
    card = Card(
        title="CoDyRA (dynamic rank-selective LoRA)",
        papers=(Paper("Adaptive Rank, Reduced Forgetting: Knowledge Retention in Continual Learning Vision-Language "
                      "Models with Dynamic Rank-Selective LoRA", 2024, arxiv="2412.01004"),),
        fidelity="core",
        claims=(Beats("name-lora", on="last_accuracy", setting="zero-shot"),
                Beats("name-lora", on="transfer", setting="zero-shot"),
                Beats("name-fine-tune", on="transfer", setting="zero-shot")),
    )

    rank: int = param(8, "directions at the start", low=1, high=16)
    kappa: float = param(0.07, "threshold of a proximal step at the end of its ramp", low=0.0, high=0.3)
    dense: float = param(0.5, "share of a session before thresholding begins", low=0.0, high=0.9)

    def begin_session(self, net, session):
        self.names = session.names
        net.requires_grad_(False)
        self.parts = replace_linears(net, lambda linear: Weighed(linear, self.rank))
        net.to(session.x.device)
        trained = [p for part in self.parts for p in (part.a, part.b, part.w)]
        session.optimise((trained, session.part_rate))

    def loss(self, net, session):
        if session.progress > self.dense:
            self.threshold((session.progress - self.dense) / (1 - self.dense))
        x, y = session.draw()
        return F.cross_entropy(only(16 * self.scores(net, x), session.competing), y)

    def threshold(self, ramp):
        for part in self.parts:
            part.w.data = shrunk(part.w.data, self.kappa * ramp)

    def end_session(self, net, session):
        self.threshold(1.0)
        for part in self.parts:
            part.base.weight += part.change()
        replace_linears(net, lambda part: part.base, SITES)
        self.parts = []

    def scores(self, net, x):
        return F.normalize(net.features(x), dim=1) @ self.names.T
