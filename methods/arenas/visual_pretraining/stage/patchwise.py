"""Hidden patches that are to be told from each other and drawn: SSAST's two losses."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.visual_pretraining.stage.masked import MaskToken
from methods.arenas.visual_pretraining.stage.masks import rectangles
from methods.arenas.visual_pretraining.stage.nets import Encoder, Parts
from methods.arenas.visual_pretraining.stage.task import Task

SHARE = 0.7


def two_layers(encoder: Encoder) -> nn.Sequential:
    """From tokens to dots."""
    return nn.Sequential(nn.Linear(encoder.width, encoder.width), nn.ReLU(), nn.Linear(encoder.width, encoder.dots))


def patchwise_network(task: Task) -> Parts:
    """An encoder with a token for hidden patches, and a head for each of the two losses."""
    encoder = task.encoder()
    return task.parts(encoder, hide=MaskToken(encoder), name=two_layers(encoder), draw=two_layers(encoder))


def told_apart(said: Tensor, patches: Tensor, hidden: Tensor) -> Tensor:
    """Mean over the hidden places i of -log softmax_j(said_i . patch_j) at j = i, j of the same picture's hidden
    places."""
    products = (said @ patches.transpose(1, 2)).masked_fill(~hidden[:, None], -torch.inf)
    own = torch.arange(hidden.shape[1], device=hidden.device).expand_as(hidden)
    return F.cross_entropy(products[hidden], own[hidden])


def patchwise_losses(net: Parts, x: Tensor, task: Task) -> tuple[Tensor, Tensor]:
    """How ill hidden patches are told apart, and the mean squared error of their dots."""
    patches = net.encoder.patches(x)
    share = torch.full((len(x),), SHARE)
    hidden = rectangles(share, net.encoder.grid, net.encoder.grid // 2, task.generator).to(x.device)
    tokens = net.hide.tokens(net.encoder, patches, hidden)
    error = (net.draw(tokens) - patches).square().mean(2)[hidden].mean()
    return told_apart(net.name(tokens), patches, hidden), error
