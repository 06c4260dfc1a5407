"""What methods without labels share: clusters of what the network sees, and a memory of their middles."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.metric_learning.stage.grouping import clusters
from methods.arenas.metric_learning.stage.task import Task, embedded

TURNS, TEMPERATURE, KEPT = 4, 0.05, 0.9


class Middles:
    """The middle of each cluster on the sphere (K, D); each drawing seen moves its own."""

    def __init__(self, z: Tensor, labels: Tensor):
        sums = torch.zeros(int(labels.max()) + 1, z.shape[1], device=z.device).index_add_(0, labels, F.normalize(z))
        self.middles = F.normalize(sums)

    @torch.no_grad()
    def see(self, z: Tensor, labels: Tensor) -> None:
        """middle <- 0.9 middle + 0.1 z for each, in turn, back on the sphere."""
        middles = self.middles.clone()                                    # the old ones are still to be learnt through
        for one, label in zip(F.normalize(z), labels.tolist(), strict=True):
            middles[label] = F.normalize(KEPT * middles[label] + (1 - KEPT) * one, dim=0)
        self.middles = middles

    def logits(self, z: Tensor) -> Tensor:
        return F.normalize(z) @ self.middles.T / TEMPERATURE


def regrouped(net: nn.Module, task: Task) -> Middles:
    """Cluster anew what the network sees, go on with the clusters as labels, and remember their middles."""
    was = net.training
    net.eval()
    z = embedded(net, task.train.x)
    net.train(was)
    labels = clusters(F.normalize(z), task.kinds, task.generator, rounds=5)
    task.relabel(labels)
    return Middles(z, labels)


def turn_begins(task: Task) -> bool:
    """Whether it is time to cluster anew: four times in a training."""
    return task.step % max(1, task.steps // TURNS) == 0
