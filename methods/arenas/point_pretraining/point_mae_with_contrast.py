"""Point-MAE with contrast: the plain way to add contrast, by a second turned and scaled view of the cloud.

Two views of each cloud; hidden groups of each are drawn, and the projected features of the shown ones must name their
other view among the batch's. What Point-CMAE's paper finds not to help.

    loss = Chamfer_1 + Chamfer_2 + NT-Xent(g(mean of shown tokens), 0.1)

Departs from the paper: it compares with a momentum queue (MoCo); negatives are the batch's here.

>>> import torch
>>> z = torch.eye(2)
>>> round(nt_xent(z, z, 1.0).item(), 4)                                                        # -log(e / (e + 2))
0.5514
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.point_pretraining.arena import PointPretrainingMethod
from methods.arenas.point_pretraining.stage.clouds import chamfer, taken
from methods.arenas.point_pretraining.stage.task import rate_factor, shown
from methods.kit.method import Card
from methods.kit.params import param


def nt_xent(z1, z2, tau):
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    logits = (z @ z.T / tau).fill_diagonal_(-torch.inf)
    return F.cross_entropy(logits, torch.arange(len(z), device=z.device).roll(len(z1)))


class PointMaeWithContrast(PointPretrainingMethod):
    card = Card(title="Point-MAE with contrast")

    rate: float = rate_factor(1.0)
    ratio: float = param(0.6, "share of the groups hidden", low=0.2, high=0.8)

    def network(self, task):
        project = nn.Sequential(nn.Linear(task.width, 2 * task.width), nn.BatchNorm1d(2 * task.width), nn.ReLU(),
                                nn.Linear(2 * task.width, task.width))
        return task.parts(task.encoder(), decoder=task.decoder(), project=project)

    def loss(self, net, clouds, task):
        loss, z = 0.0, []
        for view in (clouds, task.view(task.points[task.rows])):
            hidden = task.mask(len(view), self.ratio)
            at = shown(hidden)
            tokens = net.encoder.run(taken(net.encoder.embed(view.near), at), taken(view.centre, at))
            features = net.decoder(tokens, at, view.centre)
            loss = loss + chamfer(net.decoder.draw(features[hidden]), view.near[hidden]).mean()
            z.append(net.project(tokens.mean(1)))
        return loss + nt_xent(*z, 0.1)
