"""HRA: adapt a weight by a chain of trained reflections.

Mirroring the input at r hyperplanes is both an orthogonal and a low-rank change of the weight. The normals of the
hyperplanes are trained; they start in equal pairs, so that every reflection is undone by the next. A penalty holds
the normals apart; `strict` makes them orthogonal outright by Gram-Schmidt.

    W = W0 prod_i (I - 2 u_i u_i^T / ||u_i||^2),   penalty = lam * ||I_r - U^T U||_F^2        (eq. 3, 6)

Departs from the paper: query, value and both maps of the feed-forward part are changed, as for every low-rank method
here.

>>> import torch
>>> reflected(torch.eye(2), torch.tensor([[1.0, 0.0]])).tolist()             # x is mirrored, y is kept
[[-1.0, 0.0], [0.0, 1.0]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import Changed, replace_linears
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def reflected(weight, normals):
    """weight (out, in) times the reflections at the hyperplanes with the unit normals (r, in)."""
    for u in normals:
        weight = weight - 2 * torch.outer(weight @ u, u)
    return weight


class Mirrored(Changed):
    def __init__(self, linear, r, strict):
        super().__init__(linear)
        half = nn.init.kaiming_uniform_(linear.weight.new_empty(r // 2, linear.in_features), 5**0.5)
        self.u, self.strict = nn.Parameter(half.repeat_interleave(2, 0)), strict

    def normals(self):
        if not self.strict:
            return F.normalize(self.u, dim=1)
        found = []
        for u in self.u:
            for v in found:
                u = u - (u @ v) * v
            found.append(F.normalize(u, dim=0))
        return torch.stack(found)

    def weight(self):
        return reflected(self.base.weight, self.normals())

    def overlap(self):
        u = F.normalize(self.u, dim=1)
        return (torch.eye(len(u), device=u.device) - u @ u.T).square().sum()


class Hra(PeftMethod):
    card = Card(
        title="Householder reflection adaptation",
        papers=(Paper("Bridging The Gap between Low-rank and Orthogonal Adaptation via Householder Reflection "
                      "Adaptation", 2024, arxiv="2405.17484"),),
        fidelity="faithful",
        claims=(Beats("lora", on="target_accuracy"), Beats("oft", on="target_accuracy"),
                Beats("lora", on="source_accuracy"), Matches("oft", on="source_accuracy", within=2.0)),
    )

    r: int = param(8, "how many reflections", choices=(2, 4, 8, 16))
    lam: float = param(1e-4, "how firmly the normals are held apart", low=0.0, high=1.0)
    strict: bool = param(False, "make the normals orthogonal; they then start as noise, not in pairs")

    def adapt(self, net, task):
        self.layers = replace_linears(net, lambda linear: Mirrored(linear, self.r, self.strict))
        if self.strict:
            for layer in self.layers:
                nn.init.kaiming_uniform_(layer.u, 5**0.5)

    def loss(self, net, task):
        penalty = self.lam * sum(layer.overlap() for layer in self.layers) if self.lam else 0.0
        return super().loss(net, task) + penalty
