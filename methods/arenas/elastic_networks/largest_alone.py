"""Largest alone: the whole budget for the largest network.

    budget = steps of the full network

What the largest size can be had for; of the others it has none.

>>> LargestAlone.slug()
'largest-alone'
"""

import torch.nn.functional as F

from methods.arenas.elastic_networks.arena import ElasticNetworksMethod
from methods.arenas.elastic_networks.stage.nets import WIDTHS
from methods.kit.method import Card


class LargestAlone(ElasticNetworksMethod):
    card = Card(title="The largest network alone")

    def offer(self, task):
        net = task.net(WIDTHS[-1])
        task.learn(net.parameters(), lambda x, y: (F.cross_entropy(net(x), y), net.cost))
        return [(net, net.cost)]
