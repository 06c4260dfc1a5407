"""Left-branching: every node parts before its last token.

The tree that knows nothing of the statement but where it ends.

    height(split i of n) = i

Follows the textbook.

>>> heights(3).tolist()
[1.0, 2.0, 3.0]
"""

import torch

from methods.arenas.tree_recovery.arena import TreeRecoveryMethod
from methods.arenas.tree_recovery.stage.task import Said
from methods.kit.method import Card


def heights(splits):
    """(splits,) of the tree that branches to the left."""
    return torch.arange(1, splits + 1).float()


class LeftBranching(TreeRecoveryMethod):
    card = Card(title="Branching to the left")

    def tree(self, trees):
        return Said(heights(trees.states.shape[2] - 1).to(trees.many.device).expand(len(trees.many), -1))
