"""Image only: the word is left aside.

    query = image

Follows the textbook.

>>> import torch
>>> ImageOnly().combine(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])).tolist()
[[1.0, 0.0]]
"""

from methods.arenas.conditional_retrieval.arena import ConditionalRetrievalMethod
from methods.kit.method import Card


class ImageOnly(ConditionalRetrievalMethod):
    card = Card(title="Image only")

    def combine(self, image, text):
        return image
