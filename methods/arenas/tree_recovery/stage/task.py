"""What a method of the arena of trees is given, and trees as heights of the splits between tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from methods.kit.stage.arena import Trial


@dataclass(frozen=True)
class Trees:
    """Statements of up to T tokens. `states` (L + 1, S, T, D): the stream at each token's last byte, first as the first
    block reads it; `many` (S,) tokens. `heights` (S, T - 1) of the splits, `labels` (S, T - 1) of the nodes split, 0
    for nodes that branching made, and `singles` (S, T) of tokens that are a node: None where they are asked for.
    Labels are of `kinds` kinds."""

    states: Tensor
    many: Tensor
    heights: Tensor | None
    labels: Tensor | None
    singles: Tensor | None
    trial: Trial
    kinds: int

    @property
    def known(self) -> tuple[Tensor, Tensor, Tensor]:
        if self.heights is None or self.labels is None or self.singles is None:
            raise ValueError("these trees are not known")
        return self.heights, self.labels, self.singles


@dataclass(frozen=True)
class Said:
    """Heights (S, T - 1) of the splits and, if the method tells, labels (S, T - 1) of the nodes split."""

    heights: Tensor
    labels: Tensor | None = None


def nodes(heights: list[float], first: int = 0) -> Iterator[tuple[int, int, int]]:
    """Spans (first token, last token, split) of the tree that parts at the highest split, then so on.

    >>> list(nodes([3, 1, 2]))
    [(0, 3, 0), (1, 3, 2), (1, 2, 1)]
    """
    if heights:
        at = max(range(len(heights)), key=heights.__getitem__)
        yield first, first + len(heights), first + at
        yield from nodes(heights[:at], first)
        yield from nodes(heights[at + 1:], first + at + 1)
