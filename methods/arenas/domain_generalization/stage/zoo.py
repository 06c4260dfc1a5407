"""A zoo made in a run: three encoders of different training, which then stay as they are."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.domain_generalization.stage.contrast import contrasted
from methods.arenas.domain_generalization.stage.nets import FEATURES, Net

SHARE = 0.5             # of as many steps as others have, for each encoder
HEADS = 0.5             # the same, for the heads


def zoo(task: Any) -> list[Net]:
    """One that has learnt names, the main one; one that has told views apart; one that has drawn pictures again."""
    def named(net, batch):
        loss = F.cross_entropy(net(batch.x), batch.y)
        loss.backward()
        return loss

    nets = [Net(task.side, task.classes, task.trial.options.width) for _ in range(3)]
    task.train(nets[0], lambda batch: named(nets[0], batch), share=SHARE)
    contrasted(nets[1], task, lambda x: x, SHARE)
    again = nn.Linear(FEATURES, 2 * task.side ** 2).to(task.trial.device)

    def drawn(batch):
        loss = F.mse_loss(again(nets[2].features(batch.x)), batch.x.flatten(1))
        loss.backward()
        return loss

    task.train(nets[2], drawn, share=SHARE, parameters=[*nets[2].parameters(), *again.parameters()])
    return [net.eval().requires_grad_(False) for net in nets]


class Head(nn.Module):
    """A hidden layer and logits on an encoder's features, as the other heads of a zoo are."""

    def __init__(self, classes: int):
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(FEATURES, FEATURES), nn.ReLU())
        self.out = nn.Linear(FEATURES, classes)

    def forward(self, z: Tensor) -> Tensor:
        return self.out(self.hidden(z))


class Zoo(nn.Module):
    """Encoders that stay, and heads: head i reads encoder `reads[i]`. The answer is the mean of probabilities."""

    def __init__(self, encoders: list[Net], heads: list[Head], reads: list[int]):
        super().__init__()
        self.encoders, self.heads, self.reads = nn.ModuleList(encoders), nn.ModuleList(heads), reads

    def features(self, x: Tensor) -> list[Tensor]:
        with torch.no_grad():
            return [net.eval().features(x) for net in self.encoders]

    def forward(self, x: Tensor) -> Tensor:
        z = self.features(x)
        said = [head(z[at]).softmax(1) for head, at in zip(self.heads, self.reads, strict=True)]
        return torch.stack(said).mean(0).clamp(min=1e-12).log()
