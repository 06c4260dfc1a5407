"""Structured magnitude pruning: whole heads and hidden units with small weights go.

    score of a head: root mean square of its rows in W_o^T;   of a hidden unit: |W_1[i]| |W_2[:, i]|

Of each block the same share of heads and units stays, as many as there is room for; at least one head.

Follows the textbook.

>>> import torch
>>> import torch
>>> strength(torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0]])).tolist()
[10.0]
"""

from torch import Tensor

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.elastic import bits_of
from methods.arenas.compression.stage.packed import narrower
from methods.kit.method import Card


def strength(rise: Tensor, out: Tensor) -> Tensor:
    """(H,) of hidden units: rise (H, D), out (D, H)."""
    return rise.norm(dim=1) * out.norm(dim=0)


class StructuredMagnitude(CompressionMethod):
    card = Card(title="Structured magnitude pruning")

    def compress(self, net, task):
        heads, units = [], []
        for block in net.blocks:
            out = block.mixer.out.weight.detach()
            heads.append(out.unflatten(1, (block.mixer.heads, -1)).square().mean((0, 2)).argsort(descending=True))
            units.append(strength(block.feed.rise.weight.detach(), block.feed.out.weight.detach())
                         .argsort(descending=True))
        sizes = [[(max(1, round(at / 100 * len(a))), max(1, int(at / 100 * len(b)))) for a, b in
                  zip(heads, units, strict=True)] for at in range(101)]
        most = max((size for size in sizes if bits_of(net, size) <= task.budget), key=lambda size: bits_of(net, size))
        return narrower(net, [each[:n].sort().values for each, (n, _) in zip(heads, most, strict=True)],
                        [each[:n].sort().values for each, (_, n) in zip(units, most, strict=True)])
