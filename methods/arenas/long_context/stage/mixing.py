"""From which documents long training texts are made."""

from __future__ import annotations

import torch
from torch import Tensor


class Mix:
    """`documents` are the windows (n, 65) of each document of each source; `windows` make a training text. A source's
    share of the pieces is what it has in the library. Draw from `generator`."""

    def __init__(self, documents: tuple[tuple[Tensor, ...], ...], windows: int, generator: torch.Generator):
        self.documents, self.windows, self.generator = documents, windows, generator
        sizes = torch.tensor([float(sum(len(each) for each in source)) for source in documents])
        self.shares = sizes / sizes.sum()

    def is_long(self, source: int) -> Tensor:
        """(documents,) which of a source are as long as a training text."""
        return torch.tensor([len(each) >= self.windows for each in self.documents[source]])

    def text(self, source: int, weights: Tensor) -> Tensor:
        """(65 * windows,) documents of a source drawn by weight, one after another; the first begins where chance has
        it, so that all places of a long one are read."""
        parts: list[Tensor] = []
        size = 0
        while size < self.windows:
            each = self.documents[source][int(torch.multinomial(weights, 1, generator=self.generator))]
            if not parts and len(each) > self.windows:
                each = each[int(torch.randint(len(each) - self.windows + 1, (), generator=self.generator)):]
            parts.append(each)
            size += len(each)
        return torch.cat(parts)[:self.windows].flatten()

    def drawn(self, shares: Tensor, many: int) -> list[int]:
        """Sources by shares."""
        return torch.multinomial(shares, many, replacement=True, generator=self.generator).tolist()


def upsampled(long: Tensor, factor: float) -> Tensor:
    """(documents,) weights of one, `factor` for the long ones.

    >>> upsampled(torch.tensor([True, False]), 5.0).tolist()
    [5.0, 1.0]
    """
    return torch.where(long, factor, 1.0)
