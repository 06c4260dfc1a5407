"""FlexiGPT: a pruned block becomes another block with a small correction.

    prune the blocks with the lowest BI_l = 1 - E cos(x_l, x_l+1), one more than room alone asks for
    W_l' = W_j + A B,   A B the SVD of W_l - W_j cut at rank r,   j the kept block with the smallest rest
    the block's output is scaled and shifted, feature by feature, to the mean and deviation it had before

The rank is what the saved room allows. Then everything is tuned: kept blocks, corrections, scales.

Departs from the paper: its output normalisation is taken as such a scale and shift, which learn; biases and norms of a
pruned block are its own, and stored; tuned for fewer steps, on other text.

>>> import torch
>>> rest(torch.diag(torch.tensor([3.0, 2.0, 1.0])), 1)          # 2^2 + 1^2 are left
5.0
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.packed import PLACES, WORD, low_rank, stored_bits
from methods.arenas.compression.stage.pruning import affordable, influence
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def rest(matrix: Tensor, rank: int) -> float:
    """The squares of the singular values beyond the rank."""
    return torch.linalg.svdvals(matrix.detach())[rank:].square().sum().item()


class Corrected(nn.Module):
    """x -> (W + A B) x + b, W shared with another block. A B begins as what W lacks, or as 0 with a `start` for B."""

    def __init__(self, shared: nn.Linear, own: nn.Linear, rank: int, start: Tensor | None):
        super().__init__()
        self.shared = shared
        self.bias = nn.Parameter(own.bias.detach().clone())
        a, b = low_rank(own.weight - shared.weight, rank)
        if start is not None:
            a, b = torch.zeros_like(a), start
        self.a, self.b = nn.Parameter(a), nn.Parameter(b)

    @property
    def in_features(self) -> int:
        return self.shared.in_features

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.shared.weight) + F.linear(F.linear(x, self.b), self.a, self.bias)

    def stored_bits(self) -> float:
        return WORD * (self.a.numel() + self.b.numel() + self.bias.numel())


class Normed(nn.Module):
    """A block whose change of the stream is scaled and shifted."""

    def __init__(self, block: nn.Module, before: Tensor, change: Tensor):
        super().__init__()
        self.block = block
        now = (block(before) - before).flatten(0, 1)
        was = change.flatten(0, 1)
        scale = was.std(0) / now.std(0).clamp(min=1e-6)
        self.scale, self.shift = nn.Parameter(scale), nn.Parameter(was.mean(0) - scale * now.mean(0))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.scale * (self.block(x) - x) + self.shift


class FlexiGpt(CompressionMethod):
    card = Card(
        title="FlexiGPT",
        papers=(Paper("FlexiGPT: Pruning and Extending Large Language Models with Low-Rank Weight Sharing", 2025,
                      arxiv="2501.14713"),),
        fidelity="core",
        claims=(Beats("block-drop", on="bits_per_byte", setting="shallow"),),
        needs_scale=("Repeating blocks with adapters of their own improves small models of a billion weights.",),
    )

    start: str = param("svd", "what the corrections begin as", choices=("svd", "random"))

    def compress(self, net, task):
        turned, ids = influence(net, task.known[:64]), task.known[:64, :-1].long()
        many = max(1, affordable(net, task.budget) - 1)
        order = sorted(range(len(turned)), key=lambda at: -turned[at])
        kept, gone = sorted(order[:many]), sorted(order[many:])
        width = net.width
        matrices = sum(getattr(getattr(net.blocks[0], part), name).weight.numel() for part, name in PLACES)
        left = task.budget - stored_bits(net) + len(gone) * (WORD * matrices - 2 * WORD * width)
        each = sum(sum(getattr(getattr(net.blocks[0], part), name).weight.shape) for part, name in PLACES)
        rank = max(1, int(left / (len(gone) * WORD * each)))
        with torch.no_grad():
            streams = [net.enter(ids), *net.states(ids)]
            for at in gone:
                block = net.blocks[at]
                twin = net.blocks[min(kept, key=lambda j: sum(
                    rest(getattr(getattr(block, p), n).weight - getattr(getattr(net.blocks[j], p), n).weight, rank)
                    for p, n in PLACES))]
                for part, name in PLACES:
                    own = getattr(getattr(block, part), name)
                    start = torch.randn(rank, own.in_features, generator=task.generator,
                                        device=task.device) / own.in_features ** 0.5
                    setattr(getattr(block, part), name, Corrected(
                        getattr(getattr(twin, part), name), own, rank, start if self.start == "random" else None))
                net.blocks[at] = Normed(block, streams[at], streams[at + 1] - streams[at])
        return net
