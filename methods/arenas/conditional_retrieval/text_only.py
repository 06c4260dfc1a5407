"""Text only: the picture is left aside.

    query = text

Follows the textbook.

>>> import torch
>>> TextOnly().combine(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])).tolist()
[[0.0, 1.0]]
"""

from methods.arenas.conditional_retrieval.arena import ConditionalRetrievalMethod
from methods.kit.method import Card


class TextOnly(ConditionalRetrievalMethod):
    card = Card(title="Text only")

    def combine(self, image, text):
        return text
