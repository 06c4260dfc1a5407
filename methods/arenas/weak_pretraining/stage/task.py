"""What a method of the arena of weak pretraining is given: tagged pictures, and training that all share."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Loss = Callable[[nn.Module, nn.Module, Tensor, Tensor], Tensor]
FEATURES = 64


class Task:
    """`x` (N, 1, H, W) in 0..1 with `tags` (N, C) of 0 and 1 and one of them as `first` (N,). `clean` (M,) are rows
    whose kinds (one of `kinds`) may be read: `clean_y` (M,). `truth` (N,) has all kinds for upper bounds, None for
    everybody else."""

    def __init__(self, data, truth: Tensor | None, make: Callable[[], nn.Module], view, trial):
        self.x, self.tags, self.first, self.truth = data.x, data.tags, data.first, truth
        self.clean, self.clean_y = data.clean, data.truth[data.clean]
        self.kinds = int(data.truth.max()) + 1
        self.options, self.device, self._make, self._trial, self._view = trial.options, trial.device, make, trial, view
        self._drawn = trial.generator("views")

    def encoder(self) -> nn.Module:
        """Pictures (B, 1, H, W) to features (B, 64), its weights drawn anew."""
        return self._make().to(self.device)

    def layer(self, out: int) -> nn.Linear:
        return nn.Linear(FEATURES, out).to(self.device)

    def view(self, x: Tensor, strength: float = 0.3) -> Tensor:
        """Another view of each picture, the stronger the more different."""
        return self._view(x, self._drawn, strength)

    def train(self, net: nn.Module, head: nn.Module, loss: Loss, share: float = 1.0, rows: Tensor | None = None,
              weights: Tensor | None = None) -> nn.Module:
        """The network after a share of the arena's steps of AdamW on `loss` of the network, the head, a batch of
        pictures and their rows. Rows are drawn from all or the given ones, by `weights` if there are any."""
        o, steps = self.options, max(1, round(share * self.options.steps))
        rows = torch.arange(len(self.x), device=self.device) if rows is None else rows
        optimizer = torch.optim.AdamW([*net.parameters(), *head.parameters()], o.rate, weight_decay=o.decay)
        net.train()
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = o.rate * min(1, (step + 1) / (0.1 * steps)) * 0.5 * (
                1 + math.cos(math.pi * step / steps))
            at = torch.randint(len(rows), (o.batch,)) if weights is None else \
                torch.multinomial(weights, o.batch, replacement=True)
            at = rows[at.to(rows.device)]
            value = loss(net, head, self.x[at], at)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            self._trial.count(pictures=o.batch)
            if step % max(1, steps // 10) == 0 or step == steps - 1:
                self._trial.record(step + 1, steps, loss=value.item())
        return net

    def named(self, net: nn.Module, head: nn.Module, loss_rows: Tensor, y: Tensor, share: float) -> nn.Module:
        """The network after training to name the kinds y of some rows."""
        of = torch.full((len(self.x),), -1, dtype=torch.long, device=self.device)
        of[loss_rows] = y
        return self.train(net, head, lambda net, head, x, at: F.cross_entropy(head(net(self.view(x))), of[at]), share,
                          loss_rows)

    def teacher(self) -> Tensor:
        """(N,) the kind that a network says each picture is, which learnt the clean rows for half the steps. It costs
        no steps of the method's own: all who ask get one."""
        net, head = self.encoder(), self.layer(self.kinds)
        self.named(net, head, self.clean, self.clean_y, 0.5)
        return self.all(lambda x: head(net(x)), net).argmax(1)

    @torch.no_grad()
    def all(self, say: Callable[[Tensor], Tensor], net: nn.Module) -> Tensor:
        """What is said of all pictures, batch by batch, with the network in evaluation mode."""
        was = net.training
        net.eval()
        said = torch.cat([say(x) for x in self.x.split(2000)])
        net.train(was)
        return said


def slow_copy(net: nn.Module) -> nn.Module:
    """A copy that learns nothing by itself."""
    return copy.deepcopy(net).requires_grad_(False)
