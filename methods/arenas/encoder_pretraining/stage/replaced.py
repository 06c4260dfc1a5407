"""Replaced-token detection: a small generator fills masks with samples, the encoder tells which words are not the
original ones."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.net import Block, Encoder, start_block
from methods.arenas.encoder_pretraining.stage.task import Task, detected, guessed
from methods.arenas.encoder_pretraining.stage.words import MASK


class Generator(nn.Module):
    """One narrow block on the encoder's own embeddings, which also serve as its output weights."""

    def __init__(self, width: int, share: float):
        super().__init__()
        narrow = max(4, int(width * share) // 4 * 4)
        self.down, self.block, self.up = nn.Linear(width, narrow), Block(narrow, 2), nn.Linear(narrow, width)
        start_block(self.block, 1)
        nn.init.orthogonal_(self.down.weight)
        nn.init.orthogonal_(self.up.weight)

    def forward(self, net: Encoder, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, T, D) states whose guess by the encoder's embeddings is the generator's."""
        return self.up(self.block(self.down(net.enter(ids)), mask))


class Corrupted(NamedTuple):
    """`ids` (B, T) with samples at `chosen` places, which of them are `changed`, the generator's loss, and its
    probabilities (n, V) at the chosen places."""

    ids: Tensor
    chosen: Tensor
    changed: Tensor
    loss: Tensor
    odds: Tensor


class Replaced(EncoderPretrainingMethod):
    """What methods with replaced-token detection have in common."""

    cost = 1.2
    share_of_width = 0.5

    def prepare(self, task: Task) -> Encoder:
        net = task.start()
        task.add("generator", Generator(net.width, self.share_of_width))
        head = task.add("head", nn.Linear(net.width, 1))
        nn.init.zeros_(head.bias)
        return net

    def corrupt(self, net: Encoder, task: Task, ids: Tensor, chosen: Tensor | None = None) -> Corrupted:
        """A sample that equals the original counts as original; nothing flows through the sampling."""
        chosen = task.choose(ids, 0.15) if chosen is None else chosen
        state = task.parts["generator"](net, torch.where(chosen, MASK, ids))
        odds = net.guess(state[chosen]).detach().softmax(-1)
        filled = ids.clone()
        filled[chosen] = torch.multinomial(odds.cpu(), 1, generator=task.generator)[:, 0].to(ids.device)
        return Corrupted(filled, chosen, filled != ids, guessed(net, state, ids, chosen), odds)

    def detection(self, net: Encoder, task: Task, state: Tensor, changed: Tensor) -> Tensor:
        return detected(task.parts["head"](net.norm(state))[..., 0], changed)


def contrast(a: Tensor, b: Tensor, tau: float) -> Tensor:
    """InfoNCE of rows (n, D): a's belongs to b's of the same place."""
    logits = F.normalize(a, dim=-1) @ F.normalize(b, dim=-1).T / tau
    return F.cross_entropy(logits, torch.arange(len(a), device=a.device))
