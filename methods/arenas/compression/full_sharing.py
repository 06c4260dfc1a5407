"""Full sharing (ALBERT): several blocks are one and the same.

    W_l = W of its group;   groups of neighbouring blocks, as many as there is room for

The block that stands for a group is its first, as trained.

Departs from the paper: begins with blocks of a trained model, and embeddings are not factored.

>>> [group(l, 6, 2) for l in range(6)]
[0, 0, 0, 3, 3, 3]
"""

from torch import nn

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.pruning import affordable
from methods.kit.method import Card, Paper


def group(block: int, blocks: int, groups: int) -> int:
    """The first block of a block's group."""
    at = block * groups // blocks
    return -(-at * blocks // groups)


class FullSharing(CompressionMethod):
    card = Card(
        title="Full sharing",
        papers=(Paper("ALBERT: A Lite BERT for Self-supervised Learning of Language Representations", 2019,
                      arxiv="1909.11942"),),
        fidelity="core",
    )

    def compress(self, net, task):
        blocks = list(net.blocks)
        many = affordable(net, task.budget)
        net.blocks = nn.ModuleList(blocks[group(at, len(blocks), many)] for at in range(len(blocks)))
        return net
