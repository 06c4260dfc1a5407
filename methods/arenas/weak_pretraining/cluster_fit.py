"""ClusterFit: cluster what a weakly trained encoder says, and train a fresh one on the clusters.

The first encoder learns the tags for half the steps. Its features of all pictures are put into K clusters by k-means;
a new encoder learns for the other half to say which cluster a picture is in, and is kept.

    k-means on z_1(x), K = 256;   L = -log softmax(W z_2)_k,   k the picture's cluster

Departs from the paper: clusters are more than tags, but the same pictures serve both trainings, each with half of the
arena's steps; eight rounds of k-means, at no cost in steps.

>>> import torch
>>> clusters(torch.tensor([[0.0], [1.0], [9.0], [10.0]]), torch.tensor([0, 2]), 5).tolist()
[0, 0, 1, 1]
"""

import torch
import torch.nn.functional as F

from methods.arenas.weak_pretraining.arena import WeakPretrainingMethod
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


def clusters(z, first, rounds):
    """(N,) the cluster of rows z (N, D) after some rounds of Lloyd's algorithm from the rows `first`."""
    centres = z[first]
    for _ in range(rounds):
        of = torch.cdist(z, centres).argmin(1)
        sums = torch.zeros_like(centres).index_add_(0, of, z)
        count = torch.bincount(of, minlength=len(centres))[:, None]
        centres = torch.where(count > 0, sums / count.clamp(min=1), centres)
    return torch.cdist(z, centres).argmin(1)


class ClusterFit(WeakPretrainingMethod):
    card = Card(
        title="ClusterFit",
        papers=(Paper("ClusterFit: Improving Generalization of Visual Representations", 2019, arxiv="1912.03330"),),
        fidelity="faithful",
        claims=(Beats("tag-softmax", on="map_r", setting="noisy-tags"),
                Beats("self-distillation", on="map_r", setting="noisy-tags"),
                Beats("tag-softmax-half", on="map_r", setting="noisy-tags"),
                GainGrows("tag-softmax", on="map_r", to="noisy-tags")),
    )

    rounds: int = param(8, "of k-means", low=1, high=50)

    def pretrain(self, task):
        first = task.train(task.encoder(), self.head(task), lambda net, head, x, rows:
                           F.cross_entropy(head(net(task.view(x))), task.first[rows]), 0.5)
        z, many = task.all(first, first), task.options.clusters
        of = clusters(z, torch.randperm(len(z))[:many].to(z.device), self.rounds)
        return task.train(task.encoder(), task.layer(many), lambda net, head, x, rows:
                          F.cross_entropy(head(net(task.view(x))), of[rows]), 0.5)
