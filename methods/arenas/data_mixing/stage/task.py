"""What a method that mixes sources is given."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from methods.arenas.data_mixing.stage.drawing import batch_of
from methods.kit.lm_nets import Body
from methods.kit.lm_reading import passage_losses, per_passage


class Task:
    """`windows` are the passages of each of S sources, `shares` (S,) how much of all text each is; `known` (M, 65) are
    passages of the target, `validation` (S, 32, 65) of each source. `net` is the model that learns, `start` what it
    began as. `mixtures` (R, S) and `ends` (R, S + 1) are short runs made before and their losses, the target's last.
    `step` of `steps` counts batches, `progress` goes from 0 to 1, `size` is that of a batch. `scarce` is the number of
    the source that is itself the target, or None."""

    def __init__(self, data, trial):
        o = trial.options
        self.options, self.device, self.trial = o, trial.device, trial
        self.windows, self.shares, self.known, self.validation = data.windows, data.shares, data.known, data.validation
        self.mixtures, self.ends, self.start = data.mixtures, data.ends, data.start
        self.scarce = data.names.index(o.target) if o.target in data.names else None
        self.net: Body = deepcopy(data.start).requires_grad_(True)
        self.generator = trial.generator("choice")
        self.step, self.steps, self.size, self.rate = 0, o.steps, o.batch, o.rate

    @property
    def many(self) -> int:
        return len(self.windows)

    @property
    def progress(self) -> float:
        return self.step / self.steps

    @property
    def even(self) -> Tensor:
        return torch.full_like(self.shares, 1 / self.many)

    def losses(self, net: nn.Module | None = None) -> Tensor:
        """(S + 1,) nats a piece on the validation of each source, and on the known passages of the target."""
        self.trial.count(scored=self.validation.shape[0] * self.validation.shape[1] + len(self.known))
        return torch.stack([passage_losses(net or self.net, each).mean() for each in (*self.validation, self.known)])

    def draw(self, source: int, many: int) -> Tensor:
        """Some passages of one source; -1 is the target's known ones."""
        windows = self.known if source < 0 else self.windows[source]
        return windows[torch.randint(len(windows), (many,), generator=self.generator).to(self.device)]

    def mixed(self, weights: Tensor, many: int) -> Tensor:
        """Passages of sources by weights."""
        return batch_of(self.windows, weights, many, self.generator)

    def gradient(self, windows: Tensor, net: nn.Module | None = None) -> Tensor:
        """All derivatives of the mean loss of some passages, in a row."""
        net = net or self.net
        self.trial.count(gradients=len(windows))
        with torch.enable_grad():
            loss = per_passage(net, windows).mean()
        return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(net.parameters()))])

    def likeness(self) -> Tensor:
        """(S,) cosines of how often pieces and pairs occur in each source and in the known passages of the target."""
        counts = torch.stack([grams(each) for each in (*self.windows, self.known)]).sqrt()
        counts = counts / counts.norm(dim=1, keepdim=True)
        return counts[:-1] @ counts[-1]

    def like_target(self, share: float) -> Tensor:
        """(S,) the natural shares, of which `share` goes to the source most like the target."""
        best = torch.zeros_like(self.shares)
        best[int(self.likeness().argmax())] = 1
        return (1 - share) * self.shares + share * best


def grams(windows: Tensor, buckets: int = 4096) -> Tensor:
    """(buckets,) how often hashed pieces and pairs of pieces occur, as shares."""
    pairs = (windows[:, :-1] * 7919 + windows[:, 1:] * 104729 + 1) % buckets
    found = torch.bincount(torch.cat([windows.flatten(), pairs.flatten()]), minlength=buckets).float()
    return found / found.sum()
