"""Embedding clusters: one low-rank addition for each cluster of windows that the frozen model reads alike.

    g(x) = mean over places of the stream after the last block, less the mean over windows, at length one

Clusters, training and mixing are as with clusters of gradients; only what windows are clustered by differs.

>>> import torch
>>> from methods.arenas.mixture_of_experts.stage.adapting import clustered
>>> sorted(clustered(torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), 2)[0].bincount().tolist())
[1, 2]
"""

import torch

from methods.arenas.mixture_of_experts.arena import MixtureMethod
from methods.arenas.mixture_of_experts.stage.adapting import Clustered
from methods.kit.method import Card
from methods.kit.params import param


class EmbeddingClusters(Clustered, MixtureMethod):
    card = Card(title="Embedding clusters")

    experts: int = param(4, "clusters, each with an addition of its own", low=2, high=8)
    rank: int = param(4, "rank of the change of a weight", low=1, high=16)
    temperature: float = param(0.1, "how evenly additions are mixed", low=0.01, high=10.0)

    def part(self, net, windows):
        self.middle = 0.0
        self.middle = self.look(net, windows).mean(0)
        return super().part(net, windows)

    @torch.no_grad()
    def look(self, net, windows):
        return torch.cat([net.states(part[:, :-1].long())[-1].mean(1) for part in windows.split(128)]) - self.middle

    def weights(self, net, ids):
        near = torch.nn.functional.normalize(self.look(net[0], ids), dim=1) @ self.centres.T
        return (torch.cat([torch.zeros_like(near[:, :1]), near], 1) / self.temperature).softmax(1)
