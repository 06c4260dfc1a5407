"""Long texts: places that repeat, words that see near ones, and one word that sees all and is seen by all."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.masked_adaptation.stage.task import WordNet


def local(length: int, window: int) -> Tensor:
    """(T, T) who sees whom: those within half a window, and the first word everywhere.

    >>> local(4, 2).int().tolist()
    [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 1, 1]]
    """
    at = torch.arange(length)
    return ((at[:, None] - at).abs() <= window // 2) | (at[:, None] == 0) | (at == 0)


def read_long(net: WordNet, ids: Tensor, window: int) -> tuple[Tensor, Tensor]:
    """(B, T, D) states after both blocks, the last normalised."""
    x, length = net.embed(ids), ids.shape[1]
    x = x + net.conv(F.pad(x.transpose(1, 2), (net.kernel // 2, net.kernel // 2))).transpose(1, 2)
    x = x + net.place[torch.arange(length, device=ids.device) % len(net.place)]
    mask, states = local(length, window).to(ids.device), []
    for block in net.blocks:
        q, k, v = block.ask(block.norm_mix(x)).unflatten(-1, (3, block.heads, -1)).permute(2, 0, 3, 1, 4)
        x = x + block.out(F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2))
        x = x + block.fall(F.gelu(block.rise(block.norm_feed(x))))
        states.append(x)
    return states[0], net.norm(states[-1])
