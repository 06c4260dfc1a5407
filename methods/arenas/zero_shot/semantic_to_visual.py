"""Semantic to visual: a ridge regression from meanings to drawings, then the nearest predicted drawing.

A regression shrinks what it predicts towards the mean, and shrunken points are nearest to many: hubs. Here it is the
vectors of kinds that are mapped, to where drawings are, so that the queries keep their spread.

    M = argmin |S_y M - X|^2 + r |M|^2,   score_c(x) = -|x - s_c M|^2

Follows the paper. The penalty r is the best of five (1 to 10000) on seeds 100 to 102.

>>> import torch
>>> from methods.arenas.zero_shot.stage.task import ridge
>>> ridge(torch.ones(4, 1), torch.full((4, 1), 3.0), 2.0).item()                                        # 12 / (4 + 2)
2.0
"""

import torch

from methods.arenas.zero_shot.arena import ZeroShotMethod
from methods.arenas.zero_shot.stage.task import prototypes
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class SemanticToVisual(ZeroShotMethod):
    card = Card(
        title="Semantic to visual",
        papers=(Paper("Ridge Regression, Hubness, and Zero-Shot Learning", 2015, arxiv="1507.00825"),),
        fidelity="faithful",
        claims=(Beats("visual-to-semantic", on="unseen_accuracy"), Beats("visual-to-semantic", on="mrr")),
    )

    strength: float = param(1000.0, "penalty of the regression", low=0.1, high=100000.0)

    def fit(self, task):
        self.prototypes = prototypes(task, self.strength)

    def scores(self, x, task):
        return -torch.cdist(task.features(x), self.prototypes).square()
