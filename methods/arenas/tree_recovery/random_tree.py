"""Random tree: split anywhere.

    height(split i) drawn evenly

Follows the textbook.

>>> import torch
>>> drawn(2, 5, torch.Generator().manual_seed(0)).shape
torch.Size([2, 5])
"""

import torch

from methods.arenas.tree_recovery.arena import TreeRecoveryMethod
from methods.arenas.tree_recovery.stage.task import Said
from methods.kit.method import Card


def drawn(statements, splits, generator):
    """(statements, splits) heights."""
    return torch.rand(statements, splits, generator=generator)


class RandomTree(TreeRecoveryMethod):
    card = Card(title="Random tree")

    def tree(self, trees):
        return Said(drawn(len(trees.many), trees.states.shape[2] - 1, trees.trial.generator("tree"))
                    .to(trees.many.device))
