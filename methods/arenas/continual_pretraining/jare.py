"""Scalable language model: each text has low-rank increments and a key; a passage fetches those whose keys are near.

    q(x) = mean state of the frozen start over the passage's first 16 pieces;   w = softmax over the K nearest keys of
    cos(q - m, k - m) / tau, m the mean of all keys;   W' = W_0 + sum_k w_k B_k A_k

A new text trains only increments of its own; its key is the mean of its passages' q. No old text is read again.

Departs from the paper: keys are means, not learnt in groups of dimensions, and compared less their mean; what the start
had read has a key without increments, from a few old passages; the first 16 pieces are read with the start's weights. K
= 2, tau = 0.1.

>>> import torch
>>> [round(w, 2) for w in nearest(torch.tensor([[0.0, 0.5, 1.0]]), 2, 0.5)[0].tolist()]        # exp(1), exp(2)
[0.0, 0.27, 0.73]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.arenas.continual_pretraining.stage.increments import replace_maps
from methods.arenas.continual_pretraining.stage.told import FIRST, Told
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def nearest(cosines, many, tau):
    """(B, K) weights: a softmax over the `many` largest of cosines (B, K), nothing for the others."""
    kept = cosines >= cosines.topk(min(many, cosines.shape[1]), 1).values[:, -1:]
    return (cosines / tau).masked_fill(~kept, -torch.inf).softmax(1)


class Shares(nn.Module):
    """base(x) + sum_k w_k B_k A_k x with the weights `w` (B, K) of each passage; the base is frozen."""

    def __init__(self, linear, rank, told):
        super().__init__()
        self.base, self.rank, self.told = linear, rank, told
        self.a, self.b = nn.ParameterList(), nn.ParameterList()

    def grow(self):
        """Increments of one more text; those before are frozen."""
        self.requires_grad_(False)
        out, into = self.base.weight.shape
        self.a.append(nn.Parameter(torch.randn_like(self.base.weight[:1].expand(self.rank, into)) * into ** -0.5))
        self.b.append(nn.Parameter(self.base.weight.new_zeros(out, self.rank)))

    def forward(self, x):
        y = self.base(x)
        for k, (a, b) in enumerate(zip(self.a, self.b, strict=True), 1):
            if self.told["w"] is not None and bool(self.told["w"][:, k].any()):
                y = y + self.told["w"][:, k, None, None] * F.linear(F.linear(x, a), b)
        return y


class Scalable(Told):
    """A frozen body whose maps have increments, and the keys of texts; the first key is that of the old ones."""

    def __init__(self, body, rank, many, tau):
        super().__init__()
        self.told, self.many, self.tau, self.keys, self.learning = {"w": None}, many, tau, [], None
        self.maps, self.body = nn.ModuleList(replace_maps(body, lambda linear: Shares(linear, rank, self.told))), body

    def query(self, ids):
        self.told["w"] = None
        with torch.no_grad():
            return self.body.states(ids[:, :FIRST].long())[-1].mean(1)

    def plain(self, ids):
        self.told["w"] = None
        return self.body(ids)

    def following(self, ids, first):
        centre = torch.stack(self.keys).mean(0)
        cosines = F.cosine_similarity((self.query(first) - centre)[:, None], torch.stack(self.keys) - centre, dim=-1)
        w = nearest(cosines, self.many, self.tau)
        if self.training and self.learning is not None:
            w = F.one_hot(torch.full((len(ids),), self.learning, device=ids.device), len(self.keys)).to(w)
        self.told["w"] = w
        return self.body(ids)


class Jare(ContinualPretrainingMethod):
    card = Card(
        title="Scalable language model",
        papers=(Paper("Scalable Language Model with Generalized Continual Learning", 2024, arxiv="2404.07470"),),
        fidelity="core",
        claims=(Beats("lora", on="mean_bpb", setting="stream"), Beats("ewc", on="forgetting", setting="stream")),
    )
    rate_factor = 3.0

    r: int = param(4, "rank of a text's increments", low=1, high=16)
    many: int = param(2, "keys that a passage fetches", low=1, high=4)
    tau: float = param(0.1, "temperature of their weights", low=0.01, high=1.0)

    def prepare(self, net, task):
        if not task.stage:
            net = Scalable(net, self.r, self.many, self.tau)
            net.keys.append(net.query(task.recall(4 * task.size)).mean(0))
        net.keys.append(net.query(task.new[:16 * task.size]).mean(0))
        for each in net.maps:
            each.grow()
        net.learning = len(net.keys) - 1
        return net
