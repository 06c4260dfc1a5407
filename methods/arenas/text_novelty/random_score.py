"""Random score: any number for any text.

    s(x) drawn evenly

What scores are worth that know nothing.

>>> RandomScore.by_lot
True
"""

import torch

from methods.arenas.text_novelty.arena import TextNoveltyMethod
from methods.kit.method import Card


class RandomScore(TextNoveltyMethod):
    card = Card(title="Random score")
    by_lot = True

    def score(self, windows, task):
        return torch.rand(len(windows), device=windows.device)
