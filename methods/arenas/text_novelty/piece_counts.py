"""Piece counts: how frequent a text's pieces are in the normal texts, whatever their order.

    s(x) = mean over pieces of log (count(piece) + 1) / (all + pieces)

Follows the textbook.

>>> import torch
>>> shares(torch.tensor([[0, 0, 1]]), 2).tolist()
[0.6000000238418579, 0.4000000059604645]
"""

import torch

from methods.arenas.text_novelty.arena import TextNoveltyMethod
from methods.kit.method import Card

PIECES = 512


def shares(windows, pieces):
    """(V,) how likely each piece is, one being added to its count."""
    counts = torch.bincount(windows.flatten(), minlength=pieces) + 1.0
    return counts / counts.sum()


class PieceCounts(TextNoveltyMethod):
    card = Card(title="Counts of pieces")

    def fit(self, task):
        self.log = shares(task.windows, PIECES).log()

    def score(self, windows, task):
        return self.log[windows[:, 1:]].mean(1)
