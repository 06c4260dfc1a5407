"""K-means, raw: clusters of the pictures as they are given.

    argmin over clusters of sum |x - mean of its cluster|^2

Nothing is learnt, neither from names nor from the heap: the lower end of this arena.

>>> import torch
>>> clusters, _ = k_means(torch.tensor([[0.0], [0.1], [5.0]]), 2, torch.Generator().manual_seed(0))
>>> clusters.bincount().sort().values.tolist()
[1, 2]
"""

from methods.arenas.novel_classes.arena import NovelClassesMethod
from methods.arenas.novel_classes.stage.clustering import k_means
from methods.kit.method import Card


class KmeansRaw(NovelClassesMethod):
    card = Card(title="K-means on the pictures (lower bound)")

    def fit(self, task):
        return task.network()

    def sort(self, net, task):
        return k_means(task.heap, task.clusters, task.chance)[0]
