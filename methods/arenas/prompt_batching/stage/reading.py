"""A model that reads rows of prompts: which places see which, and where each stands, is the caller's business."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.lm_nets import Body


class Reader:
    """Reads rows (B, T) once. `passed` counts the pieces, filling ones among them, that went through the network, and
    `pairs` the query-key pairs that were computed, a head; `calls` the passes."""

    def __init__(self, net: Body):
        self._net, self.passed, self.pairs, self.calls = net, 0, 0, 0

    @torch.no_grad()
    def read(self, ids: Tensor, places: Tensor, prompt: Tensor | None = None) -> Tensor:
        """(B, T, V) logits of rows (B, T). A piece sees those before it in its row that are of the same `prompt`
        (B, T), all where there is none; `places` (B, T) are their positions. No piece but a prompt's own comes before
        its first: the short convolution in front of the blocks, too, stops there."""
        self.passed, self.calls = self.passed + ids.numel(), self.calls + 1
        self.pairs += ids.numel() * ids.shape[1]
        prompt = torch.zeros_like(ids) if prompt is None else prompt
        at = torch.arange(ids.shape[1], device=ids.device)
        seen = (prompt[:, :, None] == prompt[:, None]) & (at[:, None] >= at)
        x = self._net.embed(ids)
        x = x + self._near(x, prompt)
        for block in self._net.blocks:
            x = x + self._mixed(block.mixer, block.norm_mixer(x), places, seen)  # type: ignore[operator]
            x = x + block.feed(block.norm_feed(x))  # type: ignore[operator]
        return self._net.logits(x)

    def _near(self, x: Tensor, prompt: Tensor) -> Tensor:
        """The convolution over a piece and those just before it, of the same prompt."""
        conv = self._net.short.conv
        kernel = conv.weight.shape[-1]
        total = torch.zeros_like(x)
        for back in range(kernel):
            there = F.pad(x, (0, 0, back, 0))[:, :x.shape[1]]
            same = F.pad(prompt, (back, 0), value=-1)[:, :x.shape[1]] == prompt
            total = total + there * same[:, :, None] * conv.weight[:, 0, kernel - 1 - back]
        return total if conv.bias is None else total + conv.bias

    @staticmethod
    def _mixed(mixer, x: Tensor, places: Tensor, seen: Tensor) -> Tensor:
        q, k, v = mixer.ask(x).unflatten(-1, (3, mixer.heads, -1)).permute(2, 0, 3, 1, 4)
        out = F.scaled_dot_product_attention(turned(q, places), turned(k, places), v, seen[:, None])
        return mixer.out(out.transpose(1, 2).flatten(2))


def turned(x: Tensor, places: Tensor) -> Tensor:
    """(B, heads, T, d) with each pair of halves turned by angles that grow with its place (B, T)."""
    half = x.shape[-1] // 2
    angle = places[:, None, :, None] * 10_000.0 ** (-torch.arange(half, device=x.device) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], -1)


def padded(prompts: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Rows of one prompt each, filled up to the longest: ids, places and prompt numbers (B, T), -1 where filled.

    >>> [part.tolist() for part in padded([torch.tensor([5, 6]), torch.tensor([7])])]
    [[[5, 6], [7, 0]], [[0, 1], [0, 1]], [[0, 0], [0, -1]]]
    """
    return rows([[each] for each in prompts])


def rows(packed: list[list[Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
    """Rows of some prompts each, one after another, filled up to the longest row. Places begin anew with every
    prompt; filling goes on counting and is of no prompt.

    >>> [part.tolist() for part in rows([[torch.tensor([5, 6]), torch.tensor([7])]])]
    [[[5, 6, 7]], [[0, 1, 0]], [[0, 0, 1]]]
    """
    device, width = packed[0][0].device, max(sum(len(each) for each in row) for row in packed)
    ids, places, prompt = (torch.zeros(len(packed), width, dtype=torch.long, device=device) for _ in range(3))
    prompt -= 1
    for i, row in enumerate(packed):
        at = 0
        for j, each in enumerate(row):
            ids[i, at:at + len(each)], prompt[i, at:at + len(each)] = each, j
            places[i, at:at + len(each)] = torch.arange(len(each), device=device)
            at += len(each)
        places[i, at:] = torch.arange(width - at, device=device) + (len(row[-1]) if row else 0)
    return ids, places, prompt
