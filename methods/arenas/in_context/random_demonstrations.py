"""Random demonstrations: show some of the pool, whatever is asked.

Each sentence has its own draw, in no order.

    Z = k rows of the pool, each set equally likely

Follows the textbook.

>>> import torch
>>> drawn(torch.zeros(2, 3, 6), torch.zeros(2, 9), 4).shape
torch.Size([2, 3, 4])
"""

import torch

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Card


def drawn(words, pool, k):
    """Rows (E, Q, k) for words (E, Q, L) out of a pool (E, P)."""
    return torch.rand(*words.shape[:2], pool.shape[1], device=pool.device).argsort(2)[:, :, :k]


class RandomDemonstrations(InContextMethod):
    card = Card(title="Random demonstrations")

    def choose(self, asked, task):
        return Prompts(drawn(asked.words, task.pool.topics, task.shots))
