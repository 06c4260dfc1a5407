"""Concatenate and chunk: passages begin anywhere in a row of all texts, so most hold parts of two.

    x = (the last 65 - k pieces of one passage, the first k of another),   k even over 0 ... 64

Follows the textbook.

>>> ([1, 2, 3, 4][2:] + [5, 6, 7, 8][:2])
[3, 4, 5, 6]
"""

import torch

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.arenas.data_mixing.stage.drawing import batch_of
from methods.kit.method import Card


class ConcatAndChunk(DataMixingMethod):
    card = Card(title="Concatenate and chunk")

    def batch(self, windows, weights, task, order):
        a, b = (batch_of(windows, weights, task.size, order) for _ in range(2))
        k = torch.randint(a.shape[1], (len(a), 1), generator=order).to(a.device)
        at = torch.arange(a.shape[1], device=a.device) + k
        return torch.cat([a, b], 1).gather(1, at)
