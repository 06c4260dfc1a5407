"""Maps that take less room, and how much room a model takes.

A number that trains or is kept as it is takes 16 bits. A module that stores its weights in another way says in
`stored_bits` how many bits it takes, its bias included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.lm_nets import Attention, Feed

WORD = 16
PLACES = (("mixer", "ask"), ("mixer", "out"), ("feed", "rise"), ("feed", "out"))


def stored_bits(net: nn.Module) -> float:
    """All that a model stores; a tensor that several modules share is stored once.

    >>> stored_bits(nn.Sequential(nn.Linear(4, 2), nn.LayerNorm(2)))            # (8 + 2 + 4) numbers
    224.0
    """
    seen: set[int] = set()

    def of(module: nn.Module) -> float:
        if id(module) in seen:
            return 0.0
        seen.add(id(module))
        if hasattr(module, "stored_bits"):
            return float(module.stored_bits())  # type: ignore[operator]  # such modules have it as a method
        own = 0
        for tensor in module.parameters(recurse=False):
            if id(tensor) not in seen:
                seen.add(id(tensor))
                own += tensor.numel()
        return WORD * own + sum(of(child) for child in module.children())

    return of(net)


def maps(net: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
    """Of every block the four maps: what holds it, its name there, and the map."""
    for block in net.blocks:  # type: ignore[union-attr]
        for part, name in PLACES:
            holder = getattr(block, part)
            yield holder, name, getattr(holder, name)


def replace_maps(net: nn.Module, make: Callable[[nn.Linear], nn.Module]) -> list[nn.Module]:
    """Put make(linear) in the place of every map of the blocks; returns what was put there."""
    put = []
    for holder, name, linear in list(maps(net)):
        put.append(make(linear))
        setattr(holder, name, put[-1])
    return put


def weights(net: nn.Module) -> int:
    """How many weights the maps of the blocks have."""
    return sum(linear.weight.numel() for _, _, linear in maps(net))


def room(net: nn.Module, budget: float) -> float:
    """Bits a weight of the blocks' maps may take, when all else is kept as it is."""
    rest = stored_bits(net) - WORD * weights(net)
    return (budget - rest) / weights(net)


def thin(m: int, n: int, bits: float) -> int:
    """The rank at which the factors take so many bits a weight, at least one."""
    return max(1, int(bits * m * n / (WORD * (m + n))))


class Sparse(nn.Module):
    """A map of which some weights are zero: 16 bits for each that is kept, one bit a block to say which are."""

    def __init__(self, linear: nn.Linear, mask: Tensor, block: int = 1):
        super().__init__()
        self.weight, self.bias, self.block = linear.weight, linear.bias, block
        self.register_buffer("mask", mask.to(linear.weight))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.mask, self.bias)

    def stored_bits(self) -> float:
        return WORD * (self.mask.sum().item() + self.bias.numel()) + self.mask.numel() / self.block ** 2


class Coded(nn.Module):
    """A map whose weights are made of codes and stay as they are; `bits` is what codes and tables take. The bias may
    train. `beside`, if given, is added: a map (16 bits a number) that may train."""

    def __init__(self, linear: nn.Linear, weight: Tensor, bits: float, beside: nn.Module | None = None):
        super().__init__()
        self.register_buffer("weight", weight.detach())
        self.bias, self.bits, self.beside = linear.bias, bits, beside

    def forward(self, x: Tensor) -> Tensor:
        y = F.linear(x, self.weight, self.bias)
        return y if self.beside is None else y + self.beside(x)

    def stored_bits(self) -> float:
        beside = 0 if self.beside is None else sum(p.numel() for p in self.beside.parameters())
        return self.bits + WORD * (self.bias.numel() + beside)


def low_rank(weight: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """U (m, r) and V (r, n) of the best product of that rank, the singular values' roots in each.

    >>> u, v = low_rank(torch.diag(torch.tensor([9.0, 4.0, 1.0])), 2)
    >>> [[round(abs(x), 2) for x in row] for row in (u @ v).tolist()]
    [[9.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 0.0]]
    """
    u, s, v = torch.linalg.svd(weight.detach(), full_matrices=False)
    root = s[:rank].sqrt()
    return u[:, :rank] * root, root[:, None] * v[:rank]


class Factors(nn.Module):
    """x -> U V x + b, both factors train."""

    def __init__(self, u: Tensor, v: Tensor, bias: Tensor | None = None):
        super().__init__()
        self.u, self.v = nn.Parameter(u.clone()), nn.Parameter(v.clone())
        self.bias = None if bias is None else nn.Parameter(bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(F.linear(x, self.v), self.u, self.bias)


def rounded(weight: Tensor, bits: int, group: int) -> tuple[Tensor, float]:
    """Weights (m, n) rounded to an even grid between the least and the largest of each group of a row, and the bits
    that takes: codes, and of each group a scale and an offset of 16 bits each.

    >>> rounded(torch.tensor([[0.0, 1.0, 2.2, 3.0]]), 2, 4)
    (tensor([[0., 1., 2., 3.]]), 40)
    """
    rows = weight.detach().reshape(-1, group)
    low, high = rows.amin(1, keepdim=True), rows.amax(1, keepdim=True)
    step = ((high - low) / (2 ** bits - 1)).clamp(min=1e-8)
    near = ((rows - low) / step).round().clamp(0, 2 ** bits - 1) * step + low
    return near.view_as(weight), bits * weight.numel() + 2 * WORD * len(rows)


def narrower(net: nn.Module, heads: list[Tensor], units: list[Tensor]) -> nn.Module:
    """The body with only these heads and hidden units of each block, cut in place."""
    for block, kept_heads, kept in zip(net.blocks, heads, units, strict=True):  # type: ignore[arg-type]
        attention, feed = block.mixer, block.feed
        cut_attention(attention, kept_heads)
        cut_feed(feed, kept)
    return net


def cut_attention(attention: Attention, heads: Tensor) -> None:
    size = attention.out.in_features // attention.heads
    rows = (heads[:, None] * size + torch.arange(size, device=heads.device)).flatten()
    three = torch.cat([rows + part * attention.out.in_features for part in range(3)])
    attention.ask, attention.out = chosen(attention.ask, three, None), chosen(attention.out, None, rows)
    attention.heads = len(heads)


def cut_feed(feed: Feed, units: Tensor) -> None:
    feed.rise, feed.out = chosen(feed.rise, units, None), chosen(feed.out, None, units)


def chosen(linear: nn.Linear, rows: Tensor | None, columns: Tensor | None) -> nn.Linear:
    """A map with only these outputs or inputs."""
    weight, bias = linear.weight.detach(), linear.bias.detach()
    if rows is not None:
        weight, bias = weight[rows], bias[rows]
    if columns is not None:
        weight = weight[:, columns]
    made = nn.Linear(weight.shape[1], weight.shape[0], device=weight.device)
    made.weight.data.copy_(weight)
    made.bias.data.copy_(bias)
    return made
