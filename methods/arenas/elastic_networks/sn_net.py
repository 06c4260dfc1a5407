"""SN-Net: trained networks of growing width are stitched, the first blocks of one to the last of the next.

A stitch is a linear map from the stream of the smaller network after block l to that of the larger. It begins as the
map that fits best, by least squares on some pictures; then all stitches and networks train together, one drawn every
step.

    F(x) = f_large[l:] (S f_small[:l](x)),   S = pinv(A_small) A_large
    L = CE(F, y) + CE(F, softmax(f_largest)),   the largest network as it was, held fixed

Departs from the paper: residual networks of vectors, not of patches, at three widths; every stitch has its own map,
where there neighbouring ones share it; stitches go at equal depth alone. The teacher is the largest of the three, there
another network, whose named class is learnt; its weight is 1, and its passes are paid for, as a third of a step.

>>> import torch
>>> small, large = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([[2.0], [4.0], [6.0]])
>>> fitted(small, large)[0].round(decimals=3).tolist()
[[2.0]]
"""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.elastic_networks.arena import ElasticNetworksMethod
from methods.arenas.elastic_networks.stage.stitches import Stitched
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def fitted(small, large):
    """(a, b) map and (b,) shift that bring states (N, a) nearest to (N, b)."""
    found = (torch.linalg.pinv(torch.cat([small, torch.ones_like(small[:, :1])], 1).double()) @ large.double()).float()
    return found[:-1], found[-1]


class SnNet(ElasticNetworksMethod):
    card = Card(
        title="Stitchable network",
        papers=(Paper("Stitchable Neural Networks", 2023, arxiv="2302.06586"),),
        fidelity="core",
        claims=(Beats("random-stitches", on="loss"), Beats("anchors-only", on="loss")),
    )

    teaching: float = param(1.0, "weight of what the largest network said", low=0.0, high=4.0)

    def offer(self, task):
        nets, x = task.anchors(), task.sample(512)
        teacher, stitched = copy.deepcopy(nets[-1]).requires_grad_(False), []
        for small, large in zip(nets, nets[1:], strict=False):
            with torch.no_grad():
                states = list(zip(small.states(x), large.states(x), strict=True))
            for place, (a, b) in enumerate(states):
                stitch = nn.Linear(small.width, large.width).to(x.device)
                weight, bias = fitted(a, b)
                with torch.no_grad():
                    stitch.weight.copy_(weight.T)
                    stitch.bias.copy_(bias)
                stitched.append(Stitched(small, large, place, stitch))
        offered = [*nets, *stitched]

        def step(x, y):
            net = offered[task.draw(len(offered))]
            said, cost = net(x), net.cost
            loss = F.cross_entropy(said, y)
            if self.teaching:
                loss = loss + self.teaching * F.cross_entropy(said, teacher(x).softmax(1))
                cost = cost + teacher.cost / 3
            return loss, cost

        learnt = {id(p): p for net in offered for p in net.parameters()}
        task.learn(learnt.values(), step)
        return [(net, net.cost) for net in offered]
