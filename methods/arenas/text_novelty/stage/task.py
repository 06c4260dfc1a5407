"""What a method of the arena of unlike texts is given: texts of one kind, and language models."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from methods.arenas.text_novelty.stage.teachers import WORLDS, blank, reader, train, tuned
from methods.kit.lm_nets import Body, nats
from methods.kit.stage.arena import Trial


class Task:
    """`windows` (N, 65) are texts of the normal kind. `unlike` are other texts of the kind that is asked about: for
    upper bounds, None for everybody else."""

    def __init__(self, windows: Tensor, unlike: Tensor | None, trial: Trial):
        self.windows, self.unlike, self.trial = windows, unlike, trial
        self._world, self._rows = trial.seed % WORLDS, trial.generator("rows")

    def fresh(self) -> Body:
        """A model that has read nothing."""
        return blank(self.trial.seed + 100, self.trial.options.small).to(self.windows.device)

    def reader(self) -> Body:
        """A frozen model that has read other text."""
        return reader(self._world, self.trial.options.small, self.trial.progress).to(
            self.windows.device).requires_grad_(False)

    def tuned(self) -> Body:
        """The reader, tuned to the normal kind; frozen."""
        return tuned(self._world, self.trial.options.normal, self.trial.options.small, self.trial.progress).to(
            self.windows.device).requires_grad_(False)

    def learn(self, net: Body, windows: Tensor | None = None, loss: Callable[[Tensor], Tensor] | None = None) -> Body:
        """Train a model on windows, the normal ones by default; the loss of a batch (b, 65) is by default that of each
        next piece."""
        o = self.trial.options
        ended = train(net, self.windows if windows is None else windows, o.steps, o.rate, self._rows, loss)
        self.trial.count(gradients=o.steps)
        self.trial.record(o.steps, o.steps, loss=ended)
        return net


def likelihood(net: Body, windows: Tensor) -> Tensor:
    """(N,) mean log probability of the pieces after the first, in nats."""
    with torch.no_grad():
        return torch.cat([-nats(net, part).mean(1) for part in windows.split(500)])
