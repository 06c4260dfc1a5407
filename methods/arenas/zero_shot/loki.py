"""Loki: the kind in the middle of what the classifier believes.

A classifier of seen kinds gives probabilities. Where kinds have distances, the answer need not be one of those: it is
the kind, seen or not, whose squared distances to the seen kinds, weighted by their probabilities, are least. One line
is changed, nothing is trained.

    y(x) = argmin_{c of all} sum_{s seen} p_s d(c, s)^2,   d by the vectors of names

Follows the paper. The distance is its one of embeddings. Probabilities are tempered on a fifth of the drawings. The
paper has the seen kinds chosen with care as a second step; here they are drawn.

>>> import torch
>>> d = torch.tensor([[0.0, 2.0], [2.0, 0.0], [1.0, 1.0]])                        # the third lies between the two seen
>>> costs(torch.tensor([[0.5, 0.5], [1.0, 0.0]]), d.square()).tolist()
[[2.0, 2.0, 1.0], [0.0, 4.0, 1.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.zero_shot.arena import ZeroShotMethod
from methods.arenas.zero_shot.stage.task import SeenClassifier
from methods.kit.method import Beats, Card, Paper


def costs(p, squared):
    """(N, C) expected squared distances, of probabilities (N, S) and squared distances (C, S)."""
    return p @ squared.T


class Loki(ZeroShotMethod):
    card = Card(
        title="Loki",
        papers=(Paper("Geometry-Aware Adaptation for Pretrained Models", 2023, arxiv="2307.12226"),),
        fidelity="faithful",
        claims=(Beats("argmax-seen", on="name_distance", setting="few-seen"),
                Beats("argmax-seen", on="harmonic", setting="few-seen"),
                Beats("argmax-seen", on="name_distance")),
    )

    def fit(self, task):
        self.classify = SeenClassifier(task)
        names = F.normalize(task.meaning, dim=1)
        self.squared = torch.cdist(names, names[:task.seen]).square()

    def scores(self, x, task):
        return -costs(self.classify(x), self.squared)
