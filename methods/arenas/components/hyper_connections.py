"""Hyper-connections: several residual streams, and learnt weights that read, mix and write them.

One stream must choose: strong branches wash out the early signal, weak ones make layers alike. Here
n copies of the stream run in parallel. Each branch reads a weighted sum of them, the streams
are mixed by a small matrix, and the branch's output is written to each stream with a weight of its own.
All weights are learnt and, in the dynamic form, nudged by the streams' content. At the start
everything equals the ordinary connection with normalisation before the branch.

    h_0 = A_m^T H,    H_new = B^T f(LN(h_0)) + A_r^T H
    A_m = e_{k mod n} + s_a * tanh(norm(H) W_m),  A_r = I + s_a * tanh(norm(H) W_r)
    B = 1 + s_b * tanh(norm(H) W_b),    W = 0,  s = 0.01 at the start

Departs from the paper: a character model of a few thousand weights and two streams where the paper's default is
four; the last weights of a branch start as everybody's, where the paper rescales their deviation by sqrt(n), as the
streams are summed; the static weights decay as the others do, where the paper spares them; on images every position
has its own weights.

>>> block = HyperBlock(nn.Flatten(), nn.Identity(), channels=2, index=1, streams=2, dynamic=True, first=True, last=True)
>>> block(torch.tensor([[3.0, 4.0]])).tolist()     # sums two equal streams, each x + x
[[12.0, 16.0]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class HyperConnections(ComponentsMethod):
    card = Card(
        title="Hyper-connections",
        papers=(Paper("Hyper-Connections", 2024, "2409.19606"),),
        fidelity="core",
        claims=(Beats("layer-norm", on="test_loss", setting="language"),
                Beats("layer-norm", on="steps_to_target", setting="language"),
                Beats("layer-norm", on="accuracy")),
    )

    streams: int = param(2, "number n of parallel streams", low=1, high=8)
    dynamic: bool = param(True, "let the streams' content move the weights")

    def norm(self, channels, site):
        return nets.LayerNorm(channels)

    def connect(self, branch, norm, site):
        return HyperBlock(branch, norm, branch.path[-1].weight.shape[0], site.branch, self.streams, self.dynamic,
                          first=site.branch == 0, last=site.branch == site.branches - 1)


class HyperBlock(nn.Module):
    """(n, N, C, ...) -> same; the first block of the network copies its (N, C, ...), the last one sums."""

    def __init__(self, branch, norm, channels, index, streams, dynamic, first, last):
        super().__init__()
        self.branch, self.norm, self.streams, self.first, self.last = branch, norm, streams, first, last
        read = F.one_hot(torch.tensor([index % streams]), streams).T
        self.alpha = nn.Parameter(torch.cat([read, torch.eye(streams)], 1))          # (n, 1 + n): A_m, A_r
        self.beta = nn.Parameter(torch.ones(streams, 1))
        self.dynamic = dynamic
        if dynamic:
            self.stream_norm = nn.LayerNorm(channels)
            self.to_alpha = nn.Parameter(torch.zeros(channels, streams + 1))
            self.to_beta = nn.Parameter(torch.zeros(channels, 1))
            self.alpha_scale, self.beta_scale = nn.Parameter(torch.tensor(0.01)), nn.Parameter(torch.tensor(0.01))

    def forward(self, x):
        shape = x.shape if self.first else x.shape[1:]
        h = (x.expand(self.streams, *shape) if self.first else x).reshape(self.streams, *shape[:2], -1)  # (n, N, C, P)
        alpha, beta = self.alpha[:, None, None], self.beta[:, None, None]             # (n, N, P, ...)
        if self.dynamic:
            content = self.stream_norm(h.movedim(2, 3))                               # (n, N, P, C)
            alpha = alpha + self.alpha_scale * torch.tanh(content @ self.to_alpha)
            beta = beta + self.beta_scale * torch.tanh(content @ self.to_beta)
        alpha, beta = (weights.expand(*h.shape[:2], h.shape[3], -1) for weights in (alpha, beta))
        mixed = torch.einsum("inpo,incp->oncp", alpha, h)                             # (1 + n, N, C, P)
        out = self.branch(self.norm(mixed[0].reshape(shape))).reshape(shape[0], shape[1], -1)
        h = mixed[1:] + beta.movedim(3, 2) * out
        return (h.sum(0) if self.last else h).reshape(shape if self.last else (self.streams, *shape))
