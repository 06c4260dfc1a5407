"""Anchors only: three trained networks and nothing between; what is left of the budget trains them on.

    the rest of the budget, in equal numbers of steps for each

What stitching has to add to.

>>> AnchorsOnly.slug()
'anchors-only'
"""

import torch.nn.functional as F

from methods.arenas.elastic_networks.arena import ElasticNetworksMethod
from methods.kit.method import Card


class AnchorsOnly(ElasticNetworksMethod):
    card = Card(title="Anchors only")

    def offer(self, task):
        nets = task.anchors()
        left = sum(net.cost for net in nets)
        for net in nets:
            task.learn(net.parameters(), lambda x, y, net=net: (F.cross_entropy(net(x), y), net.cost), net.cost / left)
            left -= net.cost
        return [(net, net.cost) for net in nets]
