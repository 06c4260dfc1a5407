"""How well scores tell known drawings from others."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.kit.stage.scores import auroc


def told_apart(good: Tensor, bad: Tensor) -> dict[str, float]:
    """In %, of scores of what is normal (N,) and what is not (M,): AUROC, and which share of `bad` passes where 95 % of
    `good` do.

    >>> told_apart(torch.tensor([3.0, 4.0]), torch.tensor([1.0, 3.5]))
    {'auroc': 75.0, 'fpr95': 50.0}
    """
    labels = torch.cat([torch.ones(len(good)), torch.zeros(len(bad))]).long()
    bound = good.double().sort().values[int(0.05 * len(good))]
    return {"auroc": auroc(torch.cat([good, bad]).cpu(), labels), "fpr95": 100 * (bad >= bound).double().mean().item()}
