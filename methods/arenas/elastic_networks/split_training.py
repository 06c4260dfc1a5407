"""Split training: five networks, each trained alone with as many steps.

    steps of each = budget / sum of the five networks' costs, as shares of the largest

What is done where nobody thinks of sharing.

>>> round(600 / (0.08 + 0.17 + 0.28 + 0.52 + 1.0))
293
"""

import torch.nn.functional as F

from methods.arenas.elastic_networks.arena import ElasticNetworksMethod
from methods.arenas.elastic_networks.stage.nets import WIDTHS
from methods.kit.method import Card


class SplitTraining(ElasticNetworksMethod):
    card = Card(title="Each size alone, the budget split")

    def offer(self, task):
        nets = [task.net(width) for width in WIDTHS]
        left = sum(net.cost for net in nets)
        for net in nets:
            task.learn(net.parameters(), lambda x, y, net=net: (F.cross_entropy(net(x), y), net.cost), net.cost / left)
            left -= net.cost
        return [(net, net.cost) for net in nets]
