"""RMN: per session a map of which weights matter; weights an earlier session uses are frozen, but may be shared.

Every weight matrix is multiplied by a relevance map that is steeply pushed to zero or one and learned together with
the weights. When a session ends, the weights its map uses are fixed; later sessions learn maps that may pick them
and change only the others. At test time the session is not told: the map that makes the network surest is taken.

    h = (W * round(sigmoid(beta (R_t - mu)))) x,   W fixed where some earlier map is one

Departs from the paper: maps are learned by a straight-through gradient in the linear maps of the transformer blocks;
stem, positions, norms, biases and attention's maps to keys and out of it have no map and are trained in the first
session only.

>>> import torch
>>> relevance(torch.tensor([0.9, 0.1]), 12.0).tolist()
[1.0, 0.0]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.class_incremental.arena import ClassIncrementalMethod
from methods.arenas.class_incremental.stage.nets import only
from methods.kit.adapters import SITES, replace_linears
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def relevance(r, beta):
    """Zeros and ones, with the gradient of the steep sigmoid."""
    soft = (beta * (r - 0.5)).sigmoid()
    return soft.round() + soft - soft.detach()


class Mapped(nn.Module):
    """A linear map times the relevance map `r`; entries `used` keep the weights they were given."""

    def __init__(self, linear, beta):
        super().__init__()
        self.weight, self.bias, self.beta = linear.weight, linear.bias, beta
        self.r = nn.Parameter(torch.empty_like(linear.weight))
        self.register_buffer("used", torch.zeros_like(linear.weight, dtype=torch.bool))
        self.register_buffer("fixed", linear.weight.detach().clone())

    def forward(self, x):
        return F.linear(x, torch.where(self.used, self.fixed, self.weight) * relevance(self.r, self.beta), self.bias)


class Rmn(ClassIncrementalMethod):
    card = Card(
        title="Relevance mapping networks",
        papers=(Paper("Understanding Catastrophic Forgetting and Remembering in Continual Learning with Optimal "
                      "Relevance Mapping", 2021, arxiv="2102.11343"),),
        fidelity="core",
        claims=(Beats("ewc", on="task_accuracy"), Beats("si", on="task_accuracy"),
                Beats("ewc", on="forgetting"),
                Beats("experience-replay", on="task_accuracy", setting="exemplars")),
    )

    beta: float = param(12.0, "steepness of the map's sigmoid", low=2.0, high=50.0)
    pruned: float = param(0.1, "share of each map that starts at zero", low=0.0, high=0.8)

    def begin_session(self, net, session):
        if session.number == 0:
            self.parts = replace_linears(net, lambda linear: Mapped(linear, self.beta), SITES)
            self.maps, self.groups = [], []
            net.to(session.x.device)
            lower = [p for name, p in net.named_parameters() if not name.startswith(("head", "text"))
                     and not name.endswith(".r")]
        else:
            lower = [part.weight for part in self.parts]
            net.requires_grad_(False)
        for part in self.parts:
            part.r.data = torch.rand_like(part.r) * 0.5 + 0.5 - 0.5 * self.pruned
        self.groups.append(session.new)
        session.optimise((lower, session.rate), ([*(part.r for part in self.parts), *net.head.parameters()],
                                                 session.head_rate))

    def loss(self, net, session):
        x, y = session.draw()
        return F.cross_entropy(only(net(x), session.classes), y)

    def end_session(self, net, session):
        self.maps.append([part.r.data > 0.5 for part in self.parts])
        for part in self.parts:
            part.fixed = torch.where(part.used, part.fixed, part.weight.data)
            part.used = part.used | (part.r.data > 0.5)

    def scores(self, net, x):
        out = net(x) - 1e4
        for maps, classes in zip(self.maps, self.groups, strict=False):
            for part, chosen in zip(self.parts, maps, strict=True):
                part.r.data = chosen.float()
            if len(classes):
                out[:, classes] = net(x)[:, classes].softmax(1)
        return out
