"""PCA whitening: features from elsewhere, turned and scaled so that their directions count alike.

    z' = (z - mean) V diag(1 / sqrt(eigenvalue + eps)),   the 64 largest

Departs from the paper: features of a network stand for bags of visual words and VLAD, of one vocabulary and not of
several joined; 64 directions are kept.

>>> import torch
>>> mean, turn = whitening(torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]]), 2)
>>> [round(v, 3) for v in (torch.tensor([[2.0, 0.0]]) @ turn).abs()[0].tolist()]                 # 2 / sqrt(8 / 4)
[1.414, 0.0]
"""

import torch
from torch import nn

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.task import embedded
from methods.kit.method import Beats, Card, Paper


def whitening(z, many):
    """Mean (D,) and map (D, many) that whitens features (N, D)."""
    mean = z.mean(0)
    values, axes = torch.linalg.eigh((z - mean).T @ (z - mean) / len(z))
    return mean, axes[:, -many:].flip(1) / (values[-many:].flip(0) + 1e-6).sqrt()


class PcaWhitening(MetricMethod):
    card = Card(
        title="PCA whitening",
        papers=(Paper("Negative Evidences and Co-occurences in Image Retrieval: The Benefit of PCA and Whitening",
                      2012),),
        fidelity="core",
        claims=(Beats("raw-features", on="map_r"),),
    )

    def fit(self, task):
        task.trial.record(1, 1, loss=0.0)
        task.trial.count(gradients=0)
        net = task.foreign()
        mean, turn = whitening(embedded(net, task.train.x[torch.randperm(len(task.train))[:5000]]), task.features)
        last = nn.Linear(len(mean), turn.shape[1]).to(mean.device)
        last.weight.data, last.bias.data = turn.T.contiguous(), -mean @ turn
        return nn.Sequential(net, last).eval()
