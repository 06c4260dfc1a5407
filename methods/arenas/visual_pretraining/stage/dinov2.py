"""DINOv2's loss: what pictures are of, what hidden patches are of, and features spread out."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.arenas.visual_pretraining.stage.distilled import (
    agreement,
    crossed,
    network,
    partly_hidden,
    per_picture,
    sinkhorn,
    spread,
    warmed,
)
from methods.arenas.visual_pretraining.stage.masked import MaskToken
from methods.arenas.visual_pretraining.stage.nets import Parts
from methods.arenas.visual_pretraining.stage.task import Task


def dinov2_network(task: Task) -> Parts:
    """An encoder with prototypes for pictures and others for patches, a token for hidden ones, and a slow copy."""
    net = network(task, patches=True)
    net.add_module("hide", MaskToken(net.encoder))
    return net.to(task.pictures.device)


def dinov2_loss(net: Parts, x: Tensor, task: Task, koleo: float) -> Tensor:
    """Of two views of each picture of a batch (B, 1, H, W)."""
    patches, temperature = net.encoder.patches(task.view(torch.cat([x, x]))), warmed(task.progress)
    hidden = partly_hidden(len(patches), net.encoder.places, task.generator).to(x.device)
    with torch.no_grad():
        slow = net.slow.encoder.tokens(patches)
        target = sinkhorn(net.slow.head(slow.mean(1)), temperature)
        of_patches = sinkhorn(net.slow.patch_head(slow[hidden]), temperature)
    tokens = net.hide.tokens(net.encoder, patches, hidden)
    features = tokens.mean(1)
    about = torch.zeros_like(hidden, dtype=tokens.dtype)
    about[hidden] = agreement(of_patches, net.patch_head(tokens[hidden]))
    views = crossed(target, net.head(features)) + per_picture(about, hidden)
    return views + koleo * sum(spread(part) for part in features.chunk(2))
