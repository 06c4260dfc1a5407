"""K-means, supervised: clusters of embeddings that were trained to tell the known kinds.

    z(x) by CE of the names,   then argmin over clusters of sum |z - mean of its cluster|^2,   z of length one

What knowing other kinds teaches about new ones, without a look at the heap.

>>> import torch
>>> clusters, _ = k_means(torch.tensor([[0.0], [0.1], [5.0]]), 2, torch.Generator().manual_seed(0))
>>> clusters.bincount().sort().values.tolist()
[1, 2]
"""

import torch.nn.functional as F

from methods.arenas.novel_classes.arena import NovelClassesMethod
from methods.arenas.novel_classes.stage.clustering import k_means
from methods.kit.method import Card


class KmeansSupervised(NovelClassesMethod):
    card = Card(title="K-means on supervised embeddings")

    def fit(self, task):
        return task.pretrain(task.network(), 1.0)

    def sort(self, net, task):
        return k_means(F.normalize(net(task.heap), dim=1), task.clusters, task.chance)[0]
