"""Accuracy-only shrinking: search for pairs of paths, dropping the choices whose paths are least right.

    L = CE(mean of two paths, y) + mean CE of each;   twice, in every block, the choice of least accuracy is dropped

What a search for ensembles does that does not ask how unlike the choices are.

>>> min({"narrow": 0.71, "wide": 0.78}.items(), key=lambda pair: pair[1])[0]
'narrow'
"""

import torch.nn.functional as F

from methods.arenas.elastic_networks.arena import ElasticNetworksMethod
from methods.arenas.elastic_networks.stage.search import accuracy_worth, dropped, searched, trained
from methods.kit.method import Card


class AccuracyOnlyShrinking(ElasticNetworksMethod):
    card = Card(title="Shrinking by accuracy alone")

    def offer(self, task):
        net = task.choices()
        trained(net, task, 2, lambda said, y: F.cross_entropy(said.mean(0), y) + F.cross_entropy(
            said.flatten(0, 1), y.repeat(2)), lambda: dropped(net, accuracy_worth(net, task, 2)))
        return searched(net, task, 2)
