"""What a method of the arena of metric learning is given, and the training that all share."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from methods.arenas.metric_learning.stage._data import MetricData
from methods.kit.params import param
from methods.kit.stage.arena import Trial
from methods.kit.stage.augmentations import turned
from methods.kit.stage.drawings import Kinds, moved, retrieval
from methods.kit.stage.encoders import settle_norms, strided_encoder


def rate_factor(chosen: float):
    """How fast a method learns, as a factor on the arena's rate."""
    return param(chosen, "factor on the arena's learning rate", choices=(0.3, 1.0, 3.0))


class Task:
    """`train` are the drawings to learn from, `kinds` how many kinds they have, `features` how wide embeddings are.

    `labels` (N,) are theirs, clusters where the setting tells no kinds. `batch` gives the next drawings with their
    labels, as many of each; `rows` says which, `progress` goes from 0 to 1 while training and `step` counts. `domain`
    (N,) is the look of each drawing, 0 for all where there is one.
    """

    def __init__(self, data: MetricData, trial: Trial, *, bound: bool = False):
        o = trial.options
        self.train, self.trial, self._val = data.bound if bound else data.train, trial, data.val
        self.labels = self.train.y
        self.domain, self._foreign = data.domain, data.foreign
        self.kinds, self.features, self.each, self.wide = int(self.train.y.max()) + 1, o.features, o.each_kind, o.width
        self.size, self.steps = o.batch * o.each_kind, o.steps
        self.progress, self.step, self.trained = 0.0, 0, 0
        self.generator, self._batches = trial.generator("method"), trial.generator("batches")
        self.rows = torch.empty(0, dtype=torch.long)
        self._members = self._by_kind(self.labels)

    def _by_kind(self, labels: Tensor) -> dict[int, Tensor]:
        return {int(kind): torch.nonzero(labels == kind).flatten().cpu() for kind in labels.unique()
                if kind >= 0 and (labels == kind).sum() > 1}

    def relabel(self, labels: Tensor) -> None:
        """Go on with these labels (N,); drawings under -1 are left out of batches."""
        self.labels, self._members = labels, self._by_kind(labels)

    def network(self) -> nn.Module:
        """A new encoder: (N, 1, H, W) -> (N, features), any sign."""
        side = self.train.x.shape[-1]
        return nn.Sequential(*strided_encoder(side, self.wide, self.features)[:-1]).to(self.train.x.device)

    def foreign(self) -> nn.Module:
        """A frozen encoder (N, 1, H, W) -> (N, 128) that has learnt to name digits and clothes."""
        net = strided_encoder(self.train.x.shape[-1], self.wide, 128)
        net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in self._foreign.items()})
        return net.to(self.train.x.device).eval().requires_grad_(False)

    def batch(self) -> tuple[Tensor, Tensor]:
        """The next drawings (B, 1, H, W), a little moved, and their kinds (B,): as many of each of some kinds."""
        kinds = list(self._members)
        rows = []
        for i in torch.randperm(len(kinds), generator=self._batches)[:self.size // self.each].tolist():
            members = self._members[kinds[i]]
            drawn = torch.randperm(len(members), generator=self._batches)[:self.each]
            rows.append(members[drawn.repeat(self.each)[:self.each]])
        self.rows = torch.cat(rows).to(self.train.x.device)
        return moved(self.train.x[self.rows], self._batches), self.labels[self.rows]

    def sized(self, x: Tensor, scale: float) -> Tensor:
        """Drawings (B, 1, H, W) so many times as large, from the middle."""
        same = x.new_zeros(len(x))
        return turned(x, same, torch.full_like(same, scale), x.new_zeros(len(x), 2))

    def validated(self, embed: Callable[[Tensor], Tensor], many: int = 1000) -> float:
        """Recall at 1 of embeddings on validation drawings, in %: for methods that choose by it."""
        rows = torch.randperm(len(self._val), generator=torch.Generator().manual_seed(0))[:many]
        part = Kinds(self._val.x[rows], self._val.y[rows])
        return retrieval(embedded(embed, part.x), part.y)[1]

    def fit(self, net: nn.Module, step: Callable[[], Tensor], after: Callable[[], None] | None = None, *,
            rate: float = 1.0, share: float = 1.0, decay: float | None = None) -> None:
        """`share` of the arena's steps of AdamW on `net`, with warm-up over a tenth and a cosine; `step` gives the
        loss. The batch norms of `net` then take the statistics of drawings as they are."""
        o, steps = self.trial.options, round(self.steps * share)
        optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], rate * o.rate,
                                      weight_decay=o.decay if decay is None else decay)
        self.trained = sum(p.numel() for group in optimizer.param_groups for p in group["params"])
        net.train()
        for self.step in range(steps):
            self.progress = self.step / steps
            optimizer.param_groups[0]["lr"] = rate * o.rate * min(1, 10 * (self.step + 1) / steps) * 0.5 * (
                1 + math.cos(math.pi * self.progress))
            loss = step()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if after:
                after()
            self.trial.count(gradients=len(self.rows))
            if self.step % max(1, steps // 10) == 0 or self.step == steps - 1:
                self.trial.record(self.step + 1, steps, loss=loss.item())
        net.eval()

    def settle(self, net: nn.Module) -> nn.Module:
        """Batch norms take the statistics of the first 2,000 drawings."""
        settle_norms(net, self.train.x[torch.randperm(len(self.train), generator=torch.Generator().manual_seed(0))])
        return net.eval()


@torch.no_grad()
def embedded(embed: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """What `embed` makes of all drawings (N, D)."""
    return torch.cat([embed(part) for part in x.split(1000)])
