"""Cosine: rank by the similarities as they are.

The nearest body by cosine comes first, whatever else it is near to. A body close to the middle of all bodies is then
found for many questions that it does not answer. The reference of this arena.

    score(q, g) = s(q, g)

Follows the textbook.

>>> import torch
>>> Cosine().rescore(torch.tensor([[0.5, 0.25]]), None).tolist()
[[0.5, 0.25]]
"""

from methods.arenas.hubness.arena import HubnessMethod
from methods.kit.method import Card


class Cosine(HubnessMethod):
    card = Card(title="Cosine")
