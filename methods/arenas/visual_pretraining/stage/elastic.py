"""Narrower networks inside a wide one: its first heads and first features."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.visual_pretraining.stage.distilled import Prototypes
from methods.arenas.visual_pretraining.stage.nets import HEAD_WIDTH, Block, Encoder


@torch.no_grad()
def interleave(encoder: Encoder) -> None:
    """Let the first features of a place say both its row and its column: the same network in another order."""
    half = encoder.width // 2
    order = torch.stack([torch.arange(half), torch.arange(half) + half], 1).flatten()
    encoder.place.copy_(encoder.place[:, order.to(encoder.place.device)].clone())


def narrow_block(block: Block, tokens: Tensor, width: int) -> Tensor:
    """The block with its first `width` features and as many heads as they have."""
    n, t, _ = tokens.shape
    whole = block.ask.weight.shape[1]
    x = F.layer_norm(tokens, (width,), block.first.weight[:width], block.first.bias[:width])
    asked = [F.linear(x, block.ask.weight[i * whole:i * whole + width, :width],
                      block.ask.bias[i * whole:i * whole + width]).view(n, t, width // HEAD_WIDTH, -1).transpose(1, 2)
             for i in range(3)]
    mixed = F.scaled_dot_product_attention(*asked).transpose(1, 2).reshape(n, t, width)
    tokens = tokens + F.linear(mixed, block.mix.weight[:width, :width], block.mix.bias[:width])
    x = F.layer_norm(tokens, (width,), block.second.weight[:width], block.second.bias[:width])
    wide, _, back = (cast(nn.Linear, layer) for layer in block.think)
    inner = wide.out_features * width // whole
    hidden = F.gelu(F.linear(x, wide.weight[:inner, :width], wide.bias[:inner]))
    return tokens + F.linear(hidden, back.weight[:width, :inner], back.bias[:width])


def narrow_feature(encoder: Encoder, patches: Tensor, width: int) -> Tensor:
    """Mean token (N, width) of the first `width` features of the encoder."""
    encoder.paid += len(patches) * torch.is_grad_enabled()
    tokens = F.linear(patches, encoder.embed.weight[:width], encoder.embed.bias[:width]) + encoder.place[:, :width]
    for block in encoder.blocks:
        tokens = narrow_block(cast(Block, block), tokens, width)
    return F.layer_norm(tokens, (width,), encoder.norm.weight[:width], encoder.norm.bias[:width]).mean(1)


def narrow_logits(head: Prototypes, feature: Tensor) -> Tensor:
    """The head with as many inputs as the feature has."""
    first, act, last = (cast(nn.Linear, layer) for layer in head.layers)
    inner = act(F.linear(feature, first.weight[:, :feature.shape[1]], first.bias))
    return F.linear(F.normalize(last(inner), dim=-1), F.normalize(head.directions, dim=1))


@torch.no_grad()
def cut(encoder: Encoder, into: Encoder) -> Encoder:
    """`into`, a narrower encoder, gets the weights of the first features of `encoder`."""
    width, whole = into.width, encoder.width
    state = encoder.state_dict()
    for name, value in into.state_dict().items():
        old = state[name]
        if ".ask." in name:
            old = torch.cat([old[i * whole:i * whole + width] for i in range(3)])
        value.copy_(old[tuple(slice(0, size) for size in value.shape)])
    return into
