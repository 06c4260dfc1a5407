"""Even clusters: as many passages of each cluster of the start's mean states.

    S = the union over k clusters of keep / k random rows of each

Follows the textbook.

>>> 640 // 16
40
"""

import torch

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.quality import parts
from methods.kit.method import Card


class UniformClusters(PretrainingDataMethod):
    card = Card(title="Even clusters")

    def choose(self, task):
        of, centres = task.clusters(task.states(task.pool), 16)
        return torch.cat([task.random(many, (of == j).nonzero()[:, 0])
                          for j, many in enumerate(parts(torch.ones(len(centres)), task.now))])
