"""An autoencoder whose code keeps few of many entries, and its training."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from methods.arenas.sparse_dictionaries.stage.task import Layer

Keep = Callable[[Tensor, Tensor, Tensor], Tensor]      # activations (N, M), gradient (N, D), entries (M, D) -> codes


class Autoencoder(nn.Module):
    """f = relu(W (x - b) + c), x' = f V + b; the entries, V's rows, have length one and W begins as V."""

    def __init__(self, width: int, entries: int):
        super().__init__()
        start = nn.functional.normalize(torch.randn(entries, width), dim=1)
        self.into, self.entries = nn.Parameter(start.clone()), nn.Parameter(start.clone())
        self.middle, self.shift = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(entries))

    def activations(self, x: Tensor) -> Tensor:
        return ((x - self.middle) @ self.into.T + self.shift).relu()

    def decode(self, codes: Tensor) -> Tensor:
        return codes @ self.entries + self.middle


def largest(rank: Tensor, values: Tensor, k: int) -> Tensor:
    """Values where `rank` is among the k largest of its row, else 0.

    >>> largest(torch.tensor([[1.0, 3.0, 2.0]]), torch.tensor([[7.0, 8.0, 9.0]]), 2).tolist()
    [[0.0, 8.0, 9.0]]
    """
    at = rank.topk(k, 1).indices
    return torch.zeros_like(values).scatter(1, at, values.gather(1, at))


def trained(layer: Layer, keep: Keep, *, sparsity: float = 0.0, revive: float = 1 / 32) -> Autoencoder:
    """Adam on the squared error over the variance, plus `sparsity` times the sum of the codes, plus `revive` times the
    error left when entries that were unused for long explain what is missing."""
    o, drawn = layer.trial.options, layer.trial.generator("positions")
    net = Autoencoder(layer.x.shape[1], layer.entries).to(layer.x.device)
    optimizer = torch.optim.Adam(net.parameters(), o.rate)
    unused = torch.zeros(layer.entries, device=layer.x.device)
    for step in range(o.steps):
        rows = torch.randint(len(layer.x), (o.batch,), generator=drawn).to(layer.x.device)
        x, g = layer.x[rows], layer.gradient[rows]
        f = net.activations(x)
        codes = keep(f, g, net.entries)
        missing = x - net.decode(codes)
        scale = layer.x.square().sum(1).mean()
        loss = missing.square().sum(1).mean() / scale
        if sparsity:
            loss = loss + sparsity * codes.sum(1).mean()
        dead = unused > o.patience
        if revive and dead.any():
            others = largest(f * dead, f * dead, min(2 * layer.k, int(dead.sum())))
            loss = loss + revive * (missing.detach() - others @ net.entries).square().sum(1).mean() / scale
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            net.entries.div_(net.entries.norm(dim=1, keepdim=True))
            unused = torch.where((codes > 0).any(0), 0.0, unused + 1)
        if step % max(1, o.steps // 10) == 0 or step == o.steps - 1:
            layer.trial.record(step + 1, o.steps, loss=loss.item())
    return net
