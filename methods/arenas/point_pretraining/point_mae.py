"""Point-MAE: draw the points of hidden groups from the shown ones.

Three fifths of a cloud's groups are hidden; the encoder sees the others, a light decoder gets the places of all centres
and draws each hidden group's points about its centre. The reference of this arena.

    loss = mean over hidden groups of  mean_p min_q |p - q|^2 + mean_q min_p |p - q|^2,   p said, q true

Departs from the paper: flat clouds of 64 points in 16 groups of eight (paper: 1,024 in 64 of 32); transformer, network
of a group's points and optimiser are the arena's; the decoder has one block (paper: four).

>>> import torch
>>> from methods.arenas.point_pretraining.stage.clouds import chamfer
>>> chamfer(torch.tensor([[0.0, 0.0]]), torch.tensor([[1.0, 0.0], [3.0, 0.0]])).item()                # 1 + (1 + 9) / 2
6.0
"""

from methods.arenas.point_pretraining.arena import PointPretrainingMethod
from methods.arenas.point_pretraining.stage.task import guessed, rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class PointMae(PointPretrainingMethod):
    card = Card(
        title="Point-MAE",
        papers=(Paper("Masked Autoencoders for Point Cloud Self-supervised Learning", 2022, arxiv="2203.06604"),),
        fidelity="core",
        claims=(Beats("untrained", on="linear"), Beats("untrained", on="few_labels")),
    )

    rate: float = rate_factor(1.0)
    ratio: float = param(0.6, "share of the groups hidden", low=0.2, high=0.8)

    def network(self, task):
        return task.parts(task.encoder(), decoder=task.decoder())

    def loss(self, net, clouds, task):
        return guessed(net.encoder, net.decoder, clouds, task.mask(len(clouds), self.ratio))[0]
