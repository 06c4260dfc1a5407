"""A small body cut out of a large one."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from methods.arenas.warm_start.stage.growing import (
    HEADS,
    HIDDEN,
    OUTER,
    SIDES,
    STREAM,
    block_of,
    joined,
    outer_of,
    overlap,
    picked,
    reads,
    set_,
    widths,
)
from methods.kit.lm_nets import Body

Score = Callable[[str, int, int], Tensor]       # side, block (0 for the stream), how many -> scores


def outermost(many: int, of: int) -> list[int]:
    """First and last blocks, one more of the first.

    >>> outermost(4, 6)
    [0, 1, 4, 5]
    """
    first = (many + 1) // 2
    return [*range(first), *range(of - (many - first), of)]


def cut_out(target: Body, source: Body, score: Score) -> None:
    """The entries with the highest scores stay, in their order, and what reads fewer is scaled up by the root of their
    share. A target that is larger is padded."""
    if target.width > source.width or len(target.blocks) > len(source.blocks):
        return overlap(target, source)
    ours, theirs = widths(target), widths(source)
    heads = source.blocks[0].mixer.heads  # type: ignore[union-attr]
    size = source.width // heads  # type: ignore[operator]

    def best(side: str, at: int) -> Tensor:
        group = size if side == HEADS else 1
        order = score(side, at, theirs[side] // group).argsort(descending=True)[:ours[side] // group].sort().values
        return (order[:, None] * group + torch.arange(group, device=order.device)).flatten()

    stream = best(STREAM, 0)
    wide = {side: (theirs[side] / ours[side]) ** 0.5 for side in theirs}
    outer = picked(outer_of(source), OUTER, {STREAM: stream})
    outer["norm.weight"], outer["norm.bias"] = (wide[STREAM] * outer[name] for name in ("norm.weight", "norm.bias"))
    blocks = []
    for at in outermost(len(target.blocks), len(source.blocks)):
        rows = {STREAM: stream, HEADS: best(HEADS, at), HIDDEN: best(HIDDEN, at)}
        blocks.append(picked(block_of(source, at), SIDES, rows, lambda name, side, axis: torch.full(
            (1,), wide[side], device=stream.device) if reads(name, axis) else None))
    set_(target, joined(outer, blocks))


@torch.no_grad()
def activity(source: Body, windows: Tensor) -> dict[tuple[str, int], Tensor]:
    """Mean sizes on text: of the stream after every block, together; of each block's hidden units and heads."""
    seen: dict[tuple[str, int], Tensor] = {}
    hooks = []
    for at, block in enumerate(source.blocks):
        attention, feed = block.mixer, block.feed
        hooks.append(attention.out.register_forward_pre_hook(lambda _, args, at=at, heads=attention.heads: seen.update(
            {(HEADS, at): args[0].unflatten(-1, (heads, -1)).abs().mean((0, 1, 3))})))
        hooks.append(feed.out.register_forward_pre_hook(lambda _, args, at=at: seen.update(
            {(HIDDEN, at): args[0].abs().mean((0, 1))})))
    ids = windows[:, :-1].long()
    seen[STREAM, 0] = torch.stack([state.abs().mean((0, 1)) for state in source.states(ids)]).mean(0)
    for hook in hooks:
        hook.remove()
    return seen
