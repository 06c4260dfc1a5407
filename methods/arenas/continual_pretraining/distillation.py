"""Distillation: on the new text, go on saying what the start would have said.

    L = mean -log p(x_i | x_<i) + lam tau^2 KL(softmax(z_0 / tau) || softmax(z / tau))

In a stream z_0 is what the model says as each text begins.

Departs from the paper: next pieces take the place of the classes of an old task, and new and old words share one
output. tau = 2 and lam = 1 as in the paper, which has no tau^2: the second term weighs four times as much here.

>>> import torch
>>> from methods.arenas.continual_pretraining.stage.task import divergence
>>> round(float(divergence(torch.zeros(1, 1, 2), torch.tensor([[[0.0, 1.0986123]]]))), 4)
0.1308
"""

import torch

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.arenas.continual_pretraining.stage.task import divergence
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Distillation(ContinualPretrainingMethod):
    card = Card(
        title="Distillation",
        papers=(Paper("Learning without Forgetting", 2016, arxiv="1606.09282"),),
        fidelity="core",
        claims=(Beats("naive", on="mean_bpb"), Beats("l2-sp", on="mean_bpb")),
    )

    rate_factor = 3.0

    lam: float = param(1.0, "weight of what the start says", low=0.0, high=10.0)
    tau: float = param(2.0, "temperature of both", low=1.0, high=4.0)

    def loss(self, net, batch, task):
        with torch.no_grad():
            taught = task.before(batch[:, :-1].long())
        said = net(batch[:, :-1].long())
        return super().loss(lambda ids: said, batch, task) + self.lam * self.tau ** 2 * divergence(
            said / self.tau, taught / self.tau)
