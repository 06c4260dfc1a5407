"""What a method of the arena of few labelled sentences is given: vectors of sentences, and a small network on them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CLASSES = 2


class Net(nn.Module):
    """An adapter, x + up(relu(down x)) that begins as nothing, and a head: vectors (N, D) -> logits (N, classes)."""

    def __init__(self, width: int, bottleneck: int):
        super().__init__()
        self.down, self.up = nn.Linear(width, bottleneck), nn.Linear(bottleneck, width)
        self.head = nn.Linear(width, CLASSES)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def adapted(self, x: Tensor) -> Tensor:
        return x + self.up(F.relu(self.down(x)))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.adapted(x))


class Task:
    """`x` (L, D) are few vectors with labels `y` (L,), `text` (U, D) many without; `marked` (M, D) stood behind markers
    of `polarity` (M,); `phrases` (C, P, D) are patterns filled with words of each class. `truth` (U,) are the labels
    of `text`, for upper bounds; None for everybody else."""

    def __init__(self, x: Tensor, y: Tensor, data, truth: Tensor | None, trial):
        self.x, self.y, self.text, self.truth, self.trial = x, y, data.text, truth, trial
        self.marked, self.polarity, self.phrases, self.options = data.marked, data.polarity, data.phrases, trial.options

    def net(self) -> Net:
        """The arena's network, its weights drawn anew."""
        return Net(self.x.shape[1], self.options.bottleneck).to(self.trial.device)

    def train(self, net: nn.Module, x: Tensor, y: Tensor, steps: int | None = None) -> nn.Module:
        """`net` after AdamW on batches, drawn anew at each turn, by the cross-entropy of classes (N,) or of
        probabilities (N, classes); without any rows it stays as it is."""
        o = self.options
        if len(x) == 0:
            return net
        optimizer = torch.optim.AdamW(net.parameters(), o.rate, weight_decay=o.decay)
        steps, order = steps or o.steps, torch.empty(0)
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = o.rate * (1 - step / steps)
            if len(order) < min(o.batch, len(x)):
                order = torch.randperm(len(x))
            rows, order = order[:o.batch], order[o.batch:]
            value = F.cross_entropy(net(x[rows]), y[rows])
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            self.trial.count(sentences=len(rows))
        return net


def guessed(net: nn.Module, x: Tensor) -> Tensor:
    """(N,) the likeliest class of each."""
    with torch.no_grad():
        return net(x).argmax(1)
