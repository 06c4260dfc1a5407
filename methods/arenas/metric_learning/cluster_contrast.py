"""Cluster contrast: cluster what the network sees, and tell each drawing from the other clusters' middles.

No kinds are told. Features are clustered now and then; between that each drawing is pulled to the middle of its
cluster, which follows what is seen.

    loss = CE(softmax(z c_k / 0.05), cluster),   c_k <- 0.9 c_k + 0.1 z for each drawing z of cluster k

Departs from the paper: k-means with as many clusters as there are kinds, four times, in place of DBSCAN each epoch; a
middle keeps 0.9 of itself at each drawing, where the public code keeps 0.2 and takes 0.8 of the drawing.

>>> import torch
>>> from methods.arenas.metric_learning.stage.memory import Middles
>>> Middles(torch.tensor([[2.0, 0.0], [0.0, 3.0]]), torch.tensor([0, 1])).logits(torch.tensor([[1.0, 0.0]])).tolist()
[[20.0, 0.0]]
"""

import torch.nn.functional as F

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.memory import regrouped, turn_begins
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Card, Paper


class ClusterContrast(MetricMethod):
    card = Card(
        title="Cluster contrast",
        papers=(Paper("Cluster Contrast for Unsupervised Person Re-Identification", 2021, arxiv="2103.11568"),),
        fidelity="core",
    )

    rate: float = rate_factor(3.0)

    def step(self, net, task):
        if turn_begins(task):
            self.memory = regrouped(net, task)
        x, labels = task.batch()
        z = net(x)
        loss = F.cross_entropy(self.memory.logits(z), labels)
        self.memory.see(z.detach(), labels)
        return loss
