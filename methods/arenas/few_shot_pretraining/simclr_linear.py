"""SimCLR and a linear probe: tell drawings apart without labels, then train a classifier on the few.

Two strong views of each drawing; a projector on top of the network is thrown away. In an episode a logistic regression
is trained on the given drawings' features, centred and of length one.

    loss = mean over views i of  -log softmax_j(cos(z_i, z_j) / tau) at the other view of the same drawing

Departs from the paper: network, views and optimiser are the arena's, the temperature is 0.2, ours; the probe has a few
drawings of each kind and a ridge of 0.03.

>>> import torch
>>> z = torch.eye(2)
>>> round(nt_xent(z, z, 1.0).item(), 4)                                                        # -log(e / (e + 2))
0.5514
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.few_shot_pretraining.arena import PretrainingMethod
from methods.arenas.few_shot_pretraining.stage.heads import logistic_probe
from methods.arenas.few_shot_pretraining.stage.task import rate_factor
from methods.kit.method import Card, Paper


def nt_xent(z1, z2, tau):
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    logits = (z @ z.T / tau).fill_diagonal_(-torch.inf)
    return F.cross_entropy(logits, torch.arange(len(z), device=z.device).roll(len(z1)))


class SimclrLinear(PretrainingMethod):
    card = Card(
        title="SimCLR with a linear probe",
        papers=(Paper("A Simple Framework for Contrastive Learning of Visual Representations", 2020,
                      arxiv="2002.05709"),),
        fidelity="core",
    )
    uses_labels = False

    rate: float = rate_factor(0.3)

    def fit(self, task):
        encoder = task.encoder()
        net = nn.Sequential(encoder, nn.Linear(task.features, task.features), nn.ReLU(),
                            nn.Linear(task.features, task.features)).to(task.pictures.device)
        task.train(net, lambda: self.step(net, task), counted=encoder, rate=self.rate)
        return encoder

    def step(self, net, task):
        x = task.pictures[task.draw(task.batch // 2)]
        return nt_xent(*net(torch.cat([task.view(x, 1.0), task.view(x, 1.0)])).chunk(2), 0.2)

    def classify(self, asked, task):
        w, b = logistic_probe(task.unit(asked.support), 0.03)
        return task.unit(asked.query) @ w.transpose(1, 2) + b[:, None]
