"""What a method of continual pretraining is given: new windows, old ones, and the model as it was."""

from __future__ import annotations

import json
from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.lm_nets import Body

EMPTY = -1              # in windows that were cut anew and became shorter


class Task:
    """`new` (N, 65) are the windows of the text at hand, `past` those of every text read before, the old ones first.

    `start` is the model as the run began, `before` as the text at hand began, both frozen. `stage` of `stages` counts
    texts, `step` of `steps` its batches; `progress` goes from 0 to 1 within a text, `overall` within the run. `pieces`
    are the characters of each piece, as a byte-level cutter writes them.
    """

    def __init__(self, data, trial, blank: Body):
        o = trial.options
        self.options, self.device, self.sizes, self.size = o, trial.device, data.sizes, o.batch
        self.pieces, self._blank = named(data.cutter), blank.to(trial.device)
        self.past, self._coming = list(data.old), list(data.new)
        self.generator = trial.generator("order")
        self.start = self._frozen(self._loaded(data.start))
        self.before: nn.Module = self.start
        self.stage, self.step, self.steps, self.stages = 0, 0, round(o.steps * o.share), len(data.new)
        self.new = self._coming[0]
        self._order = torch.empty(0, dtype=torch.long)

    @property
    def progress(self) -> float:
        return self.step / self.steps

    @property
    def overall(self) -> float:
        return (self.stage + self.progress) / self.stages

    def net(self) -> Body:
        """The model as the run began, to be trained."""
        return deepcopy(self.start).requires_grad_(True)

    def blank(self) -> Body:
        """A model that has read nothing."""
        return deepcopy(self._blank)

    def draw(self, many: int | None = None) -> Tensor:
        """The next windows of the text at hand, all in mixed order before any comes again."""
        many = self.size if many is None else many
        while len(self._order) < many:
            self._order = torch.cat([self._order, torch.randperm(len(self.new), generator=self.generator)])
        rows, self._order = self._order[:many], self._order[many:]
        return self.new[rows.to(self.device)]

    def recall(self, many: int, weights: Tensor | None = None) -> Tensor:
        """Windows of texts read before: a text by `weights`, else all alike, then a window of it."""
        if not many:
            return self.new[:0]
        weights = torch.ones(len(self.past)) if weights is None else weights.cpu()
        at = torch.multinomial(weights, many, replacement=True, generator=self.generator)
        lucky = torch.rand(many, generator=self.generator)
        return torch.stack([self.past[i][int(u * len(self.past[i]))] for i, u in
                            zip(at.tolist(), lucky.tolist(), strict=True)])

    def begin(self, stage: int, at: int, net: nn.Module) -> None:
        """The arena turns to text `at`."""
        self.stage, self.step, self.new = stage, 0, self._coming[at]
        self.before = self._frozen(net)
        self._order = self._order[:0]

    def _loaded(self, weights: dict[str, Tensor]) -> Body:
        net = self.blank()
        net.load_state_dict(weights)
        return net

    @staticmethod
    def _frozen(net: nn.Module) -> nn.Module:
        return deepcopy(net).requires_grad_(False)


def named(cutter: str) -> list[str]:
    """The pieces of a cutter, in the order of their numbers."""
    known = json.loads(cutter)["model"]["vocab"]
    return sorted(known, key=known.get)


def nats(net: nn.Module, windows: Tensor) -> Tensor:
    """(B, T) the loss of each piece after those before it, 0 where a window is empty.

    >>> nats(lambda ids: torch.zeros(*ids.shape, 4), torch.tensor([[0, 1, -1]])).tolist()       # log 4
    [[1.3862943649291992, 0.0]]
    """
    windows = windows.long()
    return F.cross_entropy(net(windows[:, :-1].clamp(min=0)).flatten(0, 1), windows[:, 1:].flatten(),
                           reduction="none", ignore_index=EMPTY).view(len(windows), -1)


def mean_nats(net: nn.Module, windows: Tensor) -> Tensor:
    """The mean loss of all pieces, which is what plain training lowers."""
    return nats(net, windows).sum() / (windows[:, 1:] != EMPTY).sum()


def divergence(said: Tensor, taught: Tensor) -> Tensor:
    """KL(p_taught || p_said) of logits (B, T, V), mean over positions; nothing flows into `taught`."""
    return F.kl_div(said.log_softmax(-1), taught.detach().log_softmax(-1), reduction="none",
                    log_target=True).sum(-1).mean()
