"""Single-path search: a network of choices is trained by one path a step, then the best path is sought for each size.

    L = CE(f_path, y),   path drawn evenly

Departs from the paper: residual blocks of vectors that differ in width only; the search is a pool of paths and three
turns of changes of the best, without crossing.

>>> SinglePathSearch.slug()
'single-path-search'
"""

import torch.nn.functional as F

from methods.arenas.elastic_networks.arena import ElasticNetworksMethod
from methods.arenas.elastic_networks.stage.search import searched, trained
from methods.kit.method import Card, Paper


class SinglePathSearch(ElasticNetworksMethod):
    card = Card(title="Single-path one-shot search",
                papers=(Paper("Single Path One-Shot Neural Architecture Search with Uniform Sampling", 2019,
                              arxiv="1904.00420"),),
                fidelity="core")

    def offer(self, task):
        net = task.choices()
        trained(net, task, 1, lambda said, y: F.cross_entropy(said[0], y))
        return searched(net, task, 1)
