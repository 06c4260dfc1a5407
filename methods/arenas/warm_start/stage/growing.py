"""Weights of one body made of those of another, tensor by tensor.

A tensor has sides: the stream (D), queries, keys and values (each of the width of the heads), hidden units. `Sides`
says which of the source's entries each of the target's is, side by side.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from methods.kit.lm_nets import Body

STREAM, HEADS, HIDDEN, NONE = "stream", "heads", "hidden", ""
SIDES = {"norm_mixer.weight": (STREAM,), "norm_mixer.bias": (STREAM,), "norm_feed.weight": (STREAM,),
         "norm_feed.bias": (STREAM,), "mixer.ask.weight": (HEADS, STREAM), "mixer.ask.bias": (HEADS,),
         "mixer.out.weight": (STREAM, HEADS), "mixer.out.bias": (STREAM,), "feed.rise.weight": (HIDDEN, STREAM),
         "feed.rise.bias": (HIDDEN,), "feed.out.weight": (STREAM, HIDDEN), "feed.out.bias": (STREAM,)}
OUTER = {"embed.weight": (NONE, STREAM), "short.conv.weight": (STREAM, NONE, NONE), "short.conv.bias": (STREAM,),
         "norm.weight": (STREAM,), "norm.bias": (STREAM,)}


def block_of(net: Body, at: int) -> dict[str, Tensor]:
    """The tensors of a block, queries, keys and values apart: (3, H, …)."""
    found = {name: value.detach() for name, value in net.blocks[at].named_parameters()}
    for name in ("mixer.ask.weight", "mixer.ask.bias"):
        found[name] = found[name].unflatten(0, (3, -1))
    return found


def outer_of(net: Body) -> dict[str, Tensor]:
    return {name: value.detach() for name, value in net.named_parameters() if not name.startswith("blocks.")}


def joined(outer: dict[str, Tensor], blocks: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Names and tensors as a body has them."""
    made = dict(outer)
    for at, block in enumerate(blocks):
        for name, value in block.items():
            made[f"blocks.{at}.{name}"] = value.flatten(0, 1) if ".ask." in name else value
    return made


def set_(net: Body, weights: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, value in net.named_parameters():
            value.copy_(weights[name])


def axes(name: str, sides: tuple[str, ...]) -> list[tuple[int, str]]:
    """Which axis is which side; queries, keys and values have one more in front."""
    return [(axis + (".ask." in name), side) for axis, side in enumerate(sides) if side]


def picked(tensors: dict[str, Tensor], table: dict[str, tuple[str, ...]], rows: dict[str, Tensor],
           scaled: Callable[[str, str, int], Tensor | None] | None = None) -> dict[str, Tensor]:
    """Every tensor with the chosen entries of each side; an axis is multiplied by `scaled(name, side, axis)`."""
    made = {}
    for name, value in tensors.items():
        for axis, side in axes(name, table[name]):
            value = value.index_select(axis, rows[side])
            factor = scaled(name, side, axis) if scaled else None
            if factor is not None:
                value = value * factor.view([-1] + [1] * (value.dim() - axis - 1))
        made[name] = value
    return made


def reads(name: str, axis: int) -> bool:
    """Whether this axis of a block's matrix is what it reads."""
    return name.endswith("weight") and "norm" not in name and axis == (2 if ".ask." in name else 1)


def overlap(target: Body, source: Body) -> None:
    """What fits of the source goes to the upper left of the target's tensors; the rest stays as drawn. Blocks are
    those at the same height."""
    many, of = len(target.blocks), len(source.blocks)
    with torch.no_grad():
        pairs = [(outer_of(target), outer_of(source))]
        pairs += [(block_of(target, at), block_of(source, at * of // many)) for at in range(many)]
        made = []
        for ours, theirs in pairs:
            part = {}
            for name, value in ours.items():
                value = value.clone()
                cut = tuple(slice(min(a, b)) for a, b in zip(value.shape, theirs[name].shape, strict=True))
                value[cut] = theirs[name][cut]
                part[name] = value
            made.append(part)
        set_(target, joined(made[0], made[1:]))


def heights(many: int, of: int) -> list[int]:
    """Which of `of` blocks stands at each of `many` places when they are stacked again and again.

    >>> heights(6, 3)
    [0, 1, 2, 0, 1, 2]
    """
    return [at % of for at in range(many)]


def doubled(size: int, wanted: int, device: torch.device) -> Tensor:
    """0 … size - 1 again and again.

    >>> doubled(2, 5, torch.device("cpu")).tolist()
    [0, 1, 0, 1, 0]
    """
    return torch.arange(wanted, device=device) % size


def lottery(size: int, wanted: int, generator: torch.Generator, group: int = 1) -> Tensor:
    """Each once, then some by lot, in groups that stay together."""
    groups = torch.arange(size // group, device=generator.device)
    more = torch.randint(size // group, (max(0, wanted // group - len(groups)),), generator=generator,
                         device=generator.device)
    kept = torch.cat([groups, more])[:wanted // group]
    return (kept[:, None] * group + torch.arange(group, device=generator.device)).flatten()


def shared(rows: Tensor) -> Tensor:
    """One over how often each entry's original was taken.

    >>> shared(torch.tensor([0, 1, 0])).tolist()
    [0.5, 1.0, 0.5]
    """
    counts = torch.bincount(rows)
    return 1.0 / counts[rows]


def widths(net: Body) -> dict[str, int]:
    return {STREAM: net.width, HEADS: net.width, HIDDEN: net.blocks[0].feed.out.in_features}  # type: ignore[operator, union-attr]


def cloned(target: Body, source: Body, rows: dict[str, Tensor], order: list[int], beside: int = 0) -> dict[str, Tensor]:
    """Copies that keep the function: entries as `rows` say, what reads is divided by how often its input is there, and
    so is what the output weights read of the last norm. `beside` blocks up, copied rows of maps come from the block
    above (0: from the same)."""
    division = {side: shared(kept) for side, kept in rows.items()}
    first = {side: torch.arange(len(kept), device=kept.device) >= widths(source)[side] for side, kept in rows.items()}
    outer = picked(outer_of(source), OUTER, rows)
    for name in ("norm.weight", "norm.bias"):
        outer[name] = outer[name] * division[STREAM]

    def grown(at: int) -> dict[str, Tensor]:
        return picked(block_of(source, at), SIDES, rows,
                      lambda name, side, axis: division[side] if reads(name, axis) else None)

    blocks = []
    for at in order:
        block = grown(at)
        if beside and at + beside < len(source.blocks):
            above = grown(at + beside)
            for name, value in block.items():
                if "norm" in name:
                    continue
                axis, side = axes(name, SIDES[name])[0]
                new = first[side].view([-1] + [1] * (value.dim() - axis - 1))
                block[name] = torch.where(new, above[name], value)
        blocks.append(block)
    return joined(outer, blocks)
