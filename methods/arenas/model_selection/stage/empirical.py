"""Predictions of labels that come of how often they meet a model's own kinds."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def expected(chances: Tensor, labels: Tensor) -> Tensor:
    """(N,) the chance of each item's label: sum_z P(y | z) theta(x)_z, with P(y | z) from the same items.

    >>> expected(torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1, 1])).tolist()
    [0.5, 0.5, 1.0]
    """
    joint = F.one_hot(labels).to(chances).T @ chances / len(labels)                    # (C, S)
    given = joint / joint.sum(0).clamp(min=1e-12)
    return (given[labels] * chances).sum(1).clamp(min=1e-12)


def conditional_entropy(joint: Tensor) -> Tensor:
    """H(row | column) in nats of a table that sums to one.

    >>> round(conditional_entropy(torch.tensor([[0.25, 0.0], [0.25, 0.5]])).item(), 4)       # half of log 2
    0.3466
    """
    given = joint / joint.sum(0).clamp(min=1e-12)
    return -(joint * given.clamp(min=1e-12).log()).sum()
