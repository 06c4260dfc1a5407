"""What the scores of kinds are worth: ranks among unseen kinds, and seen against unseen ones."""

from __future__ import annotations

import torch
from torch import Tensor


def ranked(scores: Tensor, right: Tensor) -> tuple[float, float]:
    """In %, the mean reciprocal rank of right kinds, other right ones left out, and how often the highest is right.

    `scores` and `right` are (N, C). Equal scores share their ranks.

    >>> ranked(torch.tensor([[3.0, 2.0, 1.0], [1.0, 1.0, 2.0]]), torch.tensor([[0, 1, 0], [1, 0, 0]]).bool())
    (45.0, 0.0)
    """
    row, kind = right.nonzero(as_tuple=True)
    mine, others = scores[row, kind][:, None], scores[row].masked_fill(right[row], -torch.inf)
    rank = 1 + (others > mine).double().sum(1) + (others == mine).double().sum(1) / 2
    best = scores.argmax(1, keepdim=True)
    return 100 * (1 / rank).mean().item(), 100 * right.gather(1, best).double().mean().item()


def area(unseen: Tensor, unseen_right: Tensor, seen: Tensor, seen_right: Tensor, first: int) -> float:
    """In %, the area under accuracy on unseen against accuracy on seen drawings, as seen kinds are held back by gamma.

    A drawing is answered by its best unseen kind once gamma exceeds its best seen score less its best unseen one, so
    the area is the share of pairs (unseen drawing, seen drawing), both right in their group, with that gap smaller for
    the unseen drawing. The first `first` columns are the seen kinds.

    >>> u, s = torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 0.0]])            # gaps 1 and 2: gamma between is right
    >>> area(u, torch.tensor([[False, True]]), s, torch.tensor([[True, False]]), 1)
    100.0
    """
    def gaps(scores: Tensor, right: Tensor, columns: slice) -> Tensor:
        good = right[:, columns].gather(1, scores[:, columns].argmax(1, keepdim=True)).squeeze(1)
        return (scores[:, :first].amax(1) - scores[:, first:].amax(1))[good]

    early, late = gaps(unseen, unseen_right, slice(first, None)), gaps(seen, seen_right, slice(first))
    late = late.sort().values
    below = torch.searchsorted(late, early.contiguous(), right=False) + torch.searchsorted(late, early.contiguous(),
                                                                                          right=True)
    pairs = (len(late) - below.double() / 2).sum().item()
    return 100 * pairs / (len(unseen) * len(seen))


def named_right(answers: Tensor, right: Tensor) -> float:
    """The share of answers (N,) that are right, in %."""
    return 100 * right.gather(1, answers[:, None]).double().mean().item()


def distance(answers: Tensor, right: Tensor, names: Tensor) -> float:
    """The mean squared distance between the name answered and the nearest right one; names (C, T) of length one."""
    apart = (2 - 2 * names[answers] @ names.T).masked_fill(~right, torch.inf)
    return apart.amin(1).clamp(min=0).double().mean().item()


def harmonic(a: float, b: float) -> float:
    """
    >>> harmonic(1.0, 3.0)
    1.5
    """
    return 2 * a * b / (a + b) if a + b > 0 else 0.0
