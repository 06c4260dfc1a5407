"""AdaFace: the margin follows how good the picture is, told by the length of its embedding.

Hard examples are worth learning when they are good pictures and not when nothing can be seen in them. The norm of an
embedding, set against a running mean and deviation, says which: long ones get a margin on the cosine, short ones one on
the angle that hardly pushes.

    q = clip((|z| - mu) / (sigma / h), -1, 1),   turn = -m q,   less = m q + m,   m = 0.4, h = 0.333, s = 64
    loss = CE(s (cos(theta_y + turn) - less) against s cos theta_k, y)
    mu, sigma <- 0.99 of the old and 0.01 of the batch's, from 20 and 100;  no gradient through q

Departs from the paper: drawings, network and batches are the arena's.

>>> import torch
>>> [round(v, 2) for v in margins(torch.tensor([10.0, 20.0, 30.0]), 20.0, 10.0, 0.4, 0.333)[0].tolist()]
[0.13, -0.0, -0.13]
"""

import torch

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import Proxies, angular
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def margins(norms, mean, deviation, m, h):
    """What is added to angles and taken off cosines (B,), by the norms of embeddings (B,)."""
    quality = ((norms - mean) / (deviation + 1e-3) * h).clamp(-1, 1)
    return -m * quality, m + m * quality


class Adaface(MetricMethod):
    card = Card(
        title="AdaFace",
        papers=(Paper("AdaFace: Quality Adaptive Margin for Face Recognition", 2022, arxiv="2204.00964"),),
        fidelity="faithful",
        claims=(Beats("arcface", on="pair_auroc_low", setting="degraded", by=0.5),
                Beats("cosface", on="pair_auroc_low", setting="degraded", by=0.5),
                Matches("arcface", on="pair_auroc", setting="degraded", within=0.5)),
    )

    rate: float = rate_factor(3.0)
    margin: float = param(0.4, "the largest margin", low=0.0, high=0.7)
    h: float = param(0.333, "how much of the spread of norms counts", low=0.1, high=1.0)
    scale: float = param(64.0, "of the cosines", low=1.0, high=128.0)

    def head(self, task):
        self.mean, self.deviation = 20.0, 100.0
        return Proxies(task.kinds, task.features)

    def loss(self, z, y, task):
        with torch.no_grad():
            norms = z.norm(dim=1).clamp(0.001, 100)
            self.mean = 0.99 * self.mean + 0.01 * norms.mean()
            self.deviation = 0.99 * self.deviation + 0.01 * norms.std()
            turn, less = margins(norms, self.mean, self.deviation, self.margin, self.h)
        return angular(self.trained_head(z), y, turn, less, self.scale)
