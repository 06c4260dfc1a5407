"""How well clusters agree with kinds."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor


def crossed(clusters: Tensor, kinds: Tensor) -> Tensor:
    """Counts (C, K)."""
    c, k = int(clusters.max()) + 1, int(kinds.max()) + 1
    return torch.bincount((clusters * k + kinds).cpu(), minlength=c * k).view(c, k)


def matched(clusters: Tensor, kinds: Tensor) -> Tensor:
    """Whether each (N,) lies in the cluster that belongs to its kind, when each kind is given at most one cluster so
    that most do.

    >>> matched(torch.tensor([5, 5, 0, 0]), torch.tensor([1, 1, 1, 2])).tolist()
    [True, True, False, True]
    """
    rows, columns = linear_sum_assignment(-crossed(clusters, kinds).numpy())
    belongs = torch.full((int(clusters.max()) + 1,), -1, dtype=torch.long)
    belongs[torch.from_numpy(rows)] = torch.from_numpy(columns)
    return belongs[clusters.cpu()] == kinds.cpu()


def mutual(clusters: Tensor, kinds: Tensor) -> float:
    """Mutual information in % of the mean of both entropies.

    >>> round(mutual(torch.tensor([0, 0, 1, 1]), torch.tensor([3, 3, 2, 2])), 4)
    100.0
    """
    joint = crossed(clusters, kinds).double().numpy()
    joint = joint / joint.sum()
    rows, columns = joint.sum(1), joint.sum(0)

    def entropy(p: np.ndarray) -> float:
        return float(-(p[p > 0] * np.log(p[p > 0])).sum())

    h, g = entropy(rows), entropy(columns)
    return 100 * (h + g - entropy(joint.ravel())) / max((h + g) / 2, 1e-12)
