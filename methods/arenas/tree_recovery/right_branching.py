"""Right-branching: every node parts after its first token.

The tree that knows nothing of the statement but where it begins.

    height(split i of n) = n - i

Follows the textbook.

>>> heights(3).tolist()
[3.0, 2.0, 1.0]
"""

import torch

from methods.arenas.tree_recovery.arena import TreeRecoveryMethod
from methods.arenas.tree_recovery.stage.task import Said
from methods.kit.method import Card


def heights(splits):
    """(splits,) of the tree that branches to the right."""
    return torch.arange(splits, 0, -1).float()


class RightBranching(TreeRecoveryMethod):
    card = Card(title="Branching to the right")

    def tree(self, trees):
        return Said(heights(trees.states.shape[2] - 1).to(trees.many.device).expand(len(trees.many), -1))
