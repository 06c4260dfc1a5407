"""Exposed: a network that has seen other drawings of the unknown kinds.

The upper end of the table: known drawings against those, as nobody else may learn.

    loss = CE of [known, unknown] on x

>>> import torch
>>> torch.zeros(1).sigmoid().item()
0.5
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.ood_detection.arena import OodDetectionMethod
from methods.kit.method import Card


class Exposed(OodDetectionMethod):
    card = Card(title="Exposed (upper bound)")
    sees_unknown = True

    def fit(self, task):
        self.net = nn.Sequential(nn.Linear(task.x.shape[1], 128), nn.ReLU(), nn.Linear(128, 1)).to(task.x.device)

        def loss(rows):
            other = task.exposed[task.rows(len(rows), len(task.exposed))]
            said = self.net(torch.cat([task.x[rows], other])).squeeze(1)
            return F.binary_cross_entropy_with_logits(
                said, torch.cat([torch.ones(len(rows)), torch.zeros(len(rows))]).to(said.device))

        task.fit(self.net.parameters(), loss, 300, 2e-3)

    def score(self, x, task):
        return self.net(x).squeeze(1)
