"""Sum: picture and word, both unit vectors, are added.

    query = image + text

Follows the textbook.

>>> import torch
>>> Sum().combine(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])).tolist()
[[1.0, 1.0]]
"""

from methods.arenas.conditional_retrieval.arena import ConditionalRetrievalMethod
from methods.kit.method import Card


class Sum(ConditionalRetrievalMethod):
    card = Card(title="Sum")

    def combine(self, image, text):
        return image + text
