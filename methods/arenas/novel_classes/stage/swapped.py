"""UNO's loss: each view of a picture is to say what an even assignment says of the other view."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.novel_classes.stage.nets import Net, against, evenly
from methods.arenas.novel_classes.stage.task import Batch, Task


def said(net: Net, batch: Batch) -> Tensor:
    """Cosines (2, 2B, known + novel) of both views: first the pictures with names, then those of the heap."""
    return torch.stack([net.both(net(torch.cat(pair))) for pair in ((batch.x, batch.u), (batch.x2, batch.u2))])


def swapped(logits: Tensor, batch: Batch, task: Task) -> Tensor:
    """The mean over views and pictures of CE to the other view's target: the name, or for the heap an even share of
    the novel kinds; of all kinds where known ones are in the heap."""
    named = F.one_hot(batch.y, logits.shape[2]).to(logits.dtype)
    start = 0 if task.mixed else task.known
    total = logits.new_zeros(())
    for view in (0, 1):
        free = torch.zeros_like(logits[view, len(named):])
        free[:, start:] = evenly(logits[view, len(named):, start:])
        total = total + against(torch.cat([named, free]), logits[1 - view]).mean()
    return total / 2
