"""Frozen maps with something small beside them that learns."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

PLACES = (("mixer", "ask"), ("mixer", "out"), ("feed", "rise"), ("feed", "out"))


def replace_maps(net: nn.Module, make: Callable[[nn.Linear], nn.Module]) -> list[nn.Module]:
    """Freeze a body and put make(linear) in the place of every map of its blocks; returns what was put there."""
    net.requires_grad_(False)
    put = []
    for block in net.blocks:
        for part, name in PLACES:
            put.append(make(getattr(getattr(block, part), name)))
            setattr(getattr(block, part), name, put[-1])
    return put
