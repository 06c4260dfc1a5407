"""Which patches are hard to guess, as a slow copy of the network foretells it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.visual_pretraining.stage.losses import standardised
from methods.arenas.visual_pretraining.stage.masks import shown
from methods.arenas.visual_pretraining.stage.nets import Parts, frozen_copy
from methods.arenas.visual_pretraining.stage.task import Task

RATIO = 0.75


def network(task: Task) -> Parts:
    """An encoder, a decoder of dots, a decoder of one number a place, and a slow copy of all three."""
    encoder = task.encoder()
    net = task.parts(encoder, decoder=task.decoder(encoder), foretell=task.decoder(encoder, 1))
    net.add_module("slow", frozen_copy(net))
    return net


def order_loss(said: Tensor, errors: Tensor) -> Tensor:
    """Mean over pairs (N, K, K) of hidden patches with unlike errors (N, K) of the cross-entropy of sigmoid(said_i -
    said_j) with 1[errors_i > errors_j]."""
    larger = errors[:, :, None] > errors[:, None, :]
    unlike = larger | larger.transpose(1, 2)
    return F.binary_cross_entropy_with_logits((said[:, :, None] - said[:, None, :])[unlike], larger[unlike].float())


def hardest(foretold: Tensor, drawn: Tensor, hard: int, hidden: int) -> Tensor:
    """(N, T), True for the `hard` places with the largest `foretold` (N, T) and for as many of the others as make
    `hidden`, those with the largest `drawn` in 0..1."""
    places = foretold.topk(hard, 1).indices
    return torch.zeros_like(foretold, dtype=torch.bool).scatter(
        1, drawn.scatter(1, places, 2.0).topk(hidden, 1).indices, True)


def mined_loss(net: Parts, x: Tensor, task: Task, share: float) -> Tensor:
    """The reconstruction's loss and that of the order, `share` of the hidden places being the hardest foretold."""
    encoder, slow = net.encoder, net.slow
    patches, hidden = encoder.patches(x), round(RATIO * encoder.places)
    with torch.no_grad():
        everywhere = torch.arange(encoder.places, device=x.device).expand(len(x), -1)
        foretold = slow.foretell(slow.encoder.tokens(patches), everywhere)[:, :, 0]
    drawn = torch.rand(foretold.shape, generator=task.generator).to(x.device)
    where = hardest(foretold, drawn, int(share * hidden), hidden)
    at = shown(where)
    tokens = encoder.tokens(patches, at)
    errors = (net.decoder(tokens, at) - standardised(patches)).square().mean(2)[where].view(len(x), hidden)
    said = net.foretell(tokens, at)[:, :, 0][where].view(len(x), hidden)
    return errors.mean() + order_loss(said, errors.detach())
