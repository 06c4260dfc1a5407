"""Random subcloning: a small network is cut out of a large one, what stays is drawn by lot.

    W' = sqrt(D / d) W[rows, columns];   the same entries of the stream everywhere, whole heads, units of each block;
    first and last blocks stay, the middle goes

Follows the textbook: weight subcloning without its ranking.

>>> from methods.arenas.warm_start.stage.cutting import outermost
>>> outermost(3, 6)
[0, 1, 5]
"""

import torch

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.arenas.warm_start.stage.cutting import cut_out
from methods.kit.method import Card


class RandomSubcloning(WarmStartMethod):
    card = Card(title="Random subcloning")

    def initialise(self, target, task):
        cut_out(target, task.source, lambda side, at, many: torch.rand(
            many, generator=task.generator, device=task.device))
