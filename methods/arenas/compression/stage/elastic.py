"""Smaller networks inside a body: of each block so many first heads and hidden units, or nothing of it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.compression.stage.packed import WORD, cut_attention, cut_feed
from methods.kit.lm_nets import Body, rotary

Choice = list[tuple[int, int]]      # heads and hidden units of each block; (0, 0) leaves it out


def whole(net: Body) -> Choice:
    return [(block.mixer.heads, block.feed.out.in_features) for block in net.blocks]


def bits_of(net: Body, choice: Choice) -> float:
    """What the smaller network stores, counted without building it."""
    d = net.width
    size = d // net.blocks[0].mixer.heads  # type: ignore[operator, union-attr]
    rest = net.embed.weight.numel() + sum(p.numel() for p in net.short.parameters()) + 2 * d
    blocks = sum(4 * d + 3 * size * heads * (d + 1) + d * size * heads + d + units * (2 * d + 1) + d
                 for heads, units in choice if heads)
    return float(WORD * (rest + blocks))


def part_logits(net: Body, ids: Tensor, choice: Choice) -> Tensor:
    """What the smaller network says, with the large one's weights."""
    x = net.enter(ids)
    for block, (heads, units) in zip(net.blocks, choice, strict=True):
        if not heads:
            continue
        attention, feed = block.mixer, block.feed
        size = attention.out.in_features // attention.heads
        ask = attention.ask.weight.unflatten(0, (3, attention.heads, size))[:, :heads].flatten(0, 2)
        bias = attention.ask.bias.unflatten(0, (3, attention.heads, size))[:, :heads].flatten()
        q, k, v = F.linear(block.norm_mixer(x), ask, bias).unflatten(-1, (3, heads, size)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(rotary(q), rotary(k), v, is_causal=True).transpose(1, 2).flatten(2)
        x = x + F.linear(mixed, attention.out.weight[:, :heads * size], attention.out.bias)
        hidden = F.gelu(F.linear(block.norm_feed(x), feed.rise.weight[:units], feed.rise.bias[:units]))
        x = x + F.linear(hidden, feed.out.weight[:, :units], feed.out.bias)
    return net.logits(x)


def cut(net: Body, choice: Choice) -> Body:
    """The smaller network on its own, cut in place."""
    kept = []
    for block, (heads, units) in zip(net.blocks, choice, strict=True):
        if heads:
            cut_attention(block.mixer, torch.arange(heads, device=net.embed.weight.device))
            cut_feed(block.feed, torch.arange(units, device=net.embed.weight.device))
            kept.append(block)
    net.blocks = nn.ModuleList(kept)
    return net


def drawn(net: Body, generator: torch.Generator) -> Choice:
    """A random choice: each block is left out in a quarter of cases, else heads and eighths of units by lot."""
    made: Choice = []
    for heads, units in whole(net):
        out, a, b = torch.rand(3, generator=generator, device=generator.device).tolist()
        made.append((0, 0) if out < 0.25 else (1 + int(a * heads), units * (1 + int(b * 8)) // 8))
    return made
