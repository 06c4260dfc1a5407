"""The next unit, from those to the left."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def next_unit(net, ids: Tensor) -> Tensor:
    """Mean nats of each unit (B, T) after those before it."""
    return F.cross_entropy(net(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
