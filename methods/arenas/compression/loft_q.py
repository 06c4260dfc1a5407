"""LoftQ: rounding and a thin product are fitted to each matrix in turns; then the products are tuned.

    Q = round(W - A B);   A B = the SVD of W - Q cut at rank r;   five times, from A B = 0

Two bits a code; the rank is what room is left for. Rounded weights stay; all else trains.

Departs from the paper: an even grid by groups instead of quantiles of the normal distribution; embeddings, norms and
biases train too, as everywhere here.

>>> import torch
>>> w = torch.tensor([[1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.5]])
>>> q, a, b = turns(w, 2, 4, 1, 5)
>>> bool((w - q - a @ b).norm() < (w - turns(w, 2, 4, 0, 1)[0]).norm())
True
"""

from torch import Tensor

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.coding import grid, rank_for
from methods.arenas.compression.stage.packed import Coded, Factors, low_rank, replace_maps, room, rounded
from methods.kit.method import Card, Paper
from methods.kit.params import param


def turns(weight: Tensor, bits: int, group: int, rank: int, times: int) -> tuple[Tensor, Tensor, Tensor]:
    a, b = low_rank(weight * 0, rank)
    for _ in range(times):
        near = rounded(weight - a @ b, bits, group)[0]
        a, b = low_rank(weight - near, rank)
    return near, a, b


class LoftQ(CompressionMethod):
    card = Card(
        title="LoftQ",
        papers=(Paper("LoftQ: LoRA-Fine-Tuning-Aware Quantization for Large Language Models", 2023,
                      arxiv="2310.08659"),),
        fidelity="core",
    )

    bits: int = param(2, "bits of a code", low=1, high=3)

    def compress(self, net, task):
        bits = room(net, task.budget)
        code, group = min(self.bits, grid(bits)[0]), 48
        rank = rank_for(net, bits - code - 32 / group)

        def made(linear):
            near, a, b = turns(linear.weight, code, group, rank, 5)
            return Coded(linear, near, rounded(linear.weight, code, group)[1], Factors(a, b))

        replace_maps(net, made)
        return net
