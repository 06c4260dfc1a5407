"""Universally slimmable network: narrower networks are the first channels of the widest.

Every step trains the widest, the narrowest and two between, drawn; the widest learns from the labels, the others from
what it says. Each of the five widths keeps its own norms.

    L = CE(f_max, y) + sum over the narrowest and two others of CE(f_w, softmax(f_max)),   f_max held fixed there

Departs from the paper: layer norms of their own at each width in place of batch norms recomputed afterwards; five
widths and not any.

>>> import torch
>>> narrow(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, 2).tolist()                    # one row, both columns
[[1.0, 2.0]]
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.elastic_networks.arena import ElasticNetworksMethod
from methods.arenas.elastic_networks.stage.nets import WIDTHS
from methods.kit.method import Card, Paper


def narrow(weight, rows, columns):
    return weight[:rows, :columns]


class Narrower(nn.Module):
    """The first channels of a network, with norms of its own."""

    def __init__(self, whole, part):
        super().__init__()
        self.whole, self.width, self.cost = whole, part.width, part.cost
        self.norms = nn.ModuleList([block.norm for block in part.blocks] + [part.norm])

    def forward(self, x):
        w = self.width
        h = F.linear(x, self.whole.enter.weight[:w], self.whole.enter.bias[:w])
        for block, norm in zip(self.whole.blocks, self.norms, strict=False):
            hidden = F.linear(norm(h), narrow(block.rise.weight, 2 * w, w), block.rise.bias[:2 * w]).relu()
            h = h + F.linear(hidden, narrow(block.out.weight, w, 2 * w), block.out.bias[:w])
        return F.linear(self.norms[-1](h), self.whole.head.weight[:, :w], self.whole.head.bias)


class Slimmable(ElasticNetworksMethod):
    card = Card(title="Universally slimmable network",
                papers=(Paper("Universally Slimmable Networks and Improved Training Techniques", 2019,
                              arxiv="1903.05134"),),
                fidelity="core")

    def offer(self, task):
        whole = task.net(WIDTHS[-1])
        parts = [Narrower(whole, task.net(width)) for width in WIDTHS]
        widest = parts[-1]

        def step(x, y):
            said = widest(x)
            loss, cost, soft = F.cross_entropy(said, y), widest.cost, said.detach().softmax(1)
            first = 1 + task.draw(len(parts) - 2)
            for at in (0, first, 1 + (first + task.draw(len(parts) - 3)) % (len(parts) - 2)):
                loss, cost = loss + F.cross_entropy(parts[at](x), soft), cost + parts[at].cost
            return loss, cost

        learnt = {id(p): p for part in parts for p in part.parameters()}
        task.learn(learnt.values(), step)
        return [(part, part.cost) for part in parts]
