"""Unigram cache: bytes that were read are likelier to come again.

    p(b) = (1 - lam) p_model(b) + lam * count(b) / C

Follows the textbook.

>>> import torch
>>> shares(torch.tensor([[1, 1, 0, 0]]), 3).tolist()
[[0.5, 0.5, 0.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.context_memory.arena import ContextMemoryMethod
from methods.kit.method import Card
from methods.kit.params import param


def shares(contexts, symbols):
    """(N, V) how often each byte was read, over all."""
    return F.one_hot(contexts, symbols).float().mean(1)


class UnigramCache(ContextMemoryMethod):
    card = Card(title="Unigram cache")

    lam: float = param(0.1, "weight of what was read", low=0.0, high=0.9)

    def read(self, contexts, task):
        return shares(contexts, task.symbols)

    def logits(self, memory, ids, task):
        return torch.log((1 - self.lam) * task.net(ids).softmax(2) + self.lam * memory[:, None])
