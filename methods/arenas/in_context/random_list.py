"""Random list: the same random demonstrations for all sentences of a task, none weighed.

    Z = k rows of the pool, drawn once a task

Follows the textbook.

>>> import torch
>>> from methods.arenas.in_context.stage.task import spread
>>> spread(torch.tensor([[3, 1]]), torch.zeros(1, 2, 6)).tolist()
[[[3, 1], [3, 1]]]
"""

from methods.arenas.in_context.arena import InContextMethod
from methods.kit.method import Card


class RandomList(InContextMethod):
    card = Card(title="Random list")
