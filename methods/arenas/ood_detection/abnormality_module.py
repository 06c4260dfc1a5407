"""Abnormality module: a head that sees the hidden layer, the answer and what could not be drawn again.

A decoder learns to give back the drawing from the hidden layer. Then a small head learns to tell drawings from the same
with noise, of which it sees hidden layer, logits and the squared error of the decoder.

    s(x) = sigmoid(head([h, z, (x - decoder(h))^2]))

Departs from the paper: noise on features takes the place of distorted pictures, of deviation 1 (ours); the decoder is
one layer and the classifier is not trained with it; decoder and head take 300 steps of Adam each. The sigmoid is left
off, which changes no order.

>>> import torch
>>> torch.zeros(1).sigmoid().item()
0.5
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.ood_detection.arena import OodDetectionMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class AbnormalityModule(OodDetectionMethod):
    card = Card(
        title="Abnormality module",
        papers=(Paper("A Baseline for Detecting Misclassified and Out-of-Distribution Examples in Neural "
                      "Networks", 2016, arxiv="1610.02136", covers="the abnormality module"),),
        fidelity="core",
        claims=(Beats("msp", on="auroc"),),
    )

    noise: float = param(1.0, "deviation of the noise on features", low=0.0, high=10.0)

    def fit(self, task):
        hidden, width = task.trial.options.hidden, task.x.shape[1]
        self.decoder = nn.Linear(hidden, width, device=task.x.device)
        task.fit(self.decoder.parameters(), lambda rows: F.mse_loss(
            self.decoder(task.states(task.x[rows])), task.x[rows]), 300, 3e-3)
        self.decoder.requires_grad_(False)
        self.head = nn.Sequential(nn.Linear(hidden + task.kinds + width, 128), nn.ReLU(), nn.Linear(128, 1)).to(
            task.x.device)

        def loss(rows):
            clean = task.x[rows]
            spoilt = clean + self.noise * task.noise(*clean.shape)
            said = self.head(self.seen(torch.cat([clean, spoilt]), task)).squeeze(1)
            wanted = torch.cat([torch.ones(len(clean)), torch.zeros(len(clean))]).to(said.device)
            return F.binary_cross_entropy_with_logits(said, wanted)

        task.fit(self.head.parameters(), loss, 300, 1e-3, 64)

    def seen(self, x, task):
        h = task.states(x)
        return torch.cat([h, task.head(h), (x - self.decoder(h)).square()], 1)

    def score(self, x, task):
        return self.head(self.seen(x, task)).squeeze(1)
