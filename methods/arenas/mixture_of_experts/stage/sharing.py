"""Mixtures of a part that always works and one expert for each field."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

from torch import nn

from methods.arenas.mixture_of_experts.stage.experts import Experts, Gate
from methods.arenas.mixture_of_experts.stage.task import Body, Task, averaged, feeds
from methods.kit.lm_nets import Feed


def with_shared(task: Task, gate: Gate, router: Callable[[int], nn.Module] | None = None) -> Body:
    """The seed's part beside the specialists' parts; where there are none, copies of the seed's, or where there is no
    seed, new parts of half the active units each. `router` makes one for a width; all else is the models' mean."""
    net = averaged(task.specialists) if task.specialists else task.net()
    many = len(task.vectors)
    for at, block in enumerate(net.blocks):
        put = net.embed.weight.device
        made = Experts(net.width, task.active // 2, many, gate, router(net.width) if router else None)
        if task.seed:
            given = [feeds(each)[at] for each in task.specialists] or [block.feed] * many
            made.take(given)  # type: ignore[arg-type]  # parts of bodies
            made.shared = deepcopy(feeds(task.seed)[at]).requires_grad_(True)
        else:
            made.shared = Feed(net.width, task.active // 2)
            made.shared.rise.weight.data.normal_(std=0.05)
            made.shared.out.weight.data.normal_(std=0.02 / 2**0.5)
        block.feed = made.to(put)  # type: ignore[assignment]  # fits in its place
    return net
