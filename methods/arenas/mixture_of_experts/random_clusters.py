"""Random clusters: one low-rank addition for each of some parts of the text made by lot, mixed evenly.

What several additions are worth without anyone to say which is for what. All else is as with clusters of gradients.

>>> import torch
>>> torch.arange(6).remainder(4).tolist()
[0, 1, 2, 3, 0, 1]
"""

import torch

from methods.arenas.mixture_of_experts.arena import MixtureMethod
from methods.arenas.mixture_of_experts.stage.adapting import Clustered
from methods.kit.method import Card
from methods.kit.params import param


class RandomClusters(Clustered, MixtureMethod):
    card = Card(title="Random clusters")

    experts: int = param(4, "clusters, each with an addition of its own", low=2, high=8)
    rank: int = param(4, "rank of the change of a weight", low=1, high=16)

    def part(self, net, windows):                      # the windows come in mixed order
        return torch.arange(len(windows)).remainder(self.experts), windows

    def weights(self, net, ids):
        return torch.full((len(ids), 1 + self.experts), 1 / (1 + self.experts), device=ids.device)
