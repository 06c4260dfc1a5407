"""Random padding: the source's weights go to the upper left, the rest stays as drawn.

    W' = [[W, e], [e, e]],   e as a network from scratch has it;   blocks those at the same height

Follows the textbook.

>>> import torch
>>> w = torch.zeros(2, 2)
>>> w[:1, :1] = torch.ones(1, 1)
>>> w.tolist()
[[1.0, 0.0], [0.0, 0.0]]
"""

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.arenas.warm_start.stage.growing import overlap
from methods.kit.method import Card


class RandomPadding(WarmStartMethod):
    card = Card(title="Random padding")

    def initialise(self, target, task):
        overlap(target, task.source)
