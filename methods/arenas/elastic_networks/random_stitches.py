"""Random stitches: a stitchable network whose maps begin anywhere.

    F(x) = f_large[l:] (S f_small[:l](x)),   S drawn

All else is as in a stitchable network: what the start by least squares is worth.

>>> RandomStitches.slug()
'random-stitches'
"""

import copy

import torch.nn.functional as F
from torch import nn

from methods.arenas.elastic_networks.arena import ElasticNetworksMethod
from methods.arenas.elastic_networks.stage.stitches import Stitched
from methods.kit.method import Card
from methods.kit.params import param


class RandomStitches(ElasticNetworksMethod):
    card = Card(title="Stitchable network from random stitches")

    teaching: float = param(1.0, "weight of what the largest network said", low=0.0, high=4.0)

    def offer(self, task):
        nets = task.anchors()
        teacher, stitched = copy.deepcopy(nets[-1]).requires_grad_(False), []
        for small, large in zip(nets, nets[1:], strict=False):
            for place in range(len(small.blocks) + 1):
                stitched.append(Stitched(small, large, place, nn.Linear(small.width, large.width).to(task.device)))
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
