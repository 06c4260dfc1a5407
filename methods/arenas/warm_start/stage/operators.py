"""Operators that make a large network's weights of a small one's, learnt by the large one's loss."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.arenas.warm_start.stage.growing import (
    HEADS,
    HIDDEN,
    OUTER,
    SIDES,
    STREAM,
    axes,
    block_of,
    doubled,
    heights,
    joined,
    outer_of,
    reads,
    widths,
)
from methods.kit.lm_nets import Body


class Operator:
    """Maps of sides (wide, narrow), one for outputs and one for inputs of each, and of heights (deep, shallow) for each
    tensor of a block. They begin as copies in turn: outputs again and again, inputs divided by how often."""

    def __init__(self, target: Body, source: Body, tied: bool):
        ours, theirs = widths(target), widths(source)
        device = source.embed.weight.device
        self.out, self.into = {}, {}
        for side in (STREAM, HEADS, HIDDEN):
            rows = doubled(theirs[side], ours[side], device)
            copies = torch.eye(theirs[side], device=device)[rows]
            self.out[side] = copies.clone().requires_grad_(True)
            self.into[side] = (copies / torch.bincount(rows)[rows][:, None]).requires_grad_(True)
        stacked = torch.eye(len(source.blocks), device=device)[heights(len(target.blocks), len(source.blocks))]
        self.height = {name: stacked.clone() for name in ((*SIDES,) if not tied else ("",))}
        for value in self.height.values():
            value.requires_grad_(True)
        self.blocks = [block_of(source, at) for at in range(len(source.blocks))]
        self.outer = outer_of(source)
        self.tied = tied

    @property
    def learnt(self) -> list[Tensor]:
        return [*self.out.values(), *self.into.values(), *self.height.values()]

    def wide(self, tensors: dict[str, Tensor], table: dict[str, tuple[str, ...]]) -> dict[str, Tensor]:
        made = {}
        for name, value in tensors.items():
            for axis, side in axes(name, table[name]):
                into = table is SIDES and reads(name, axis)
                value = torch.movedim(torch.tensordot(
                    (self.into if into else self.out)[side], value, dims=([1], [axis])), 0, axis)
            made[name] = value
        return made

    def weights(self) -> dict[str, Tensor]:
        outer = self.wide(self.outer, OUTER)
        for name in ("norm.weight", "norm.bias"):
            outer[name] = torch.einsum("ij,j->i", self.into[STREAM], self.outer[name])
        wide = [self.wide(block, SIDES) for block in self.blocks]
        blocks = []
        for at in range(len(next(iter(self.height.values())))):
            block = {}
            for name in wide[0]:
                height = self.height["" if self.tied else name][at]
                block[name] = torch.stack([h * each[name] for h, each in zip(height, wide, strict=True)]).sum(0)
            blocks.append(block)
        return joined(outer, blocks)
