"""Block dropping (ShortGPT): blocks that turn the stream least are taken out.

    BI_l = 1 - E cos(x_l, x_l+1);   as many blocks stay as there is room for, those with the highest BI

Follows the paper. Afterwards the model is tuned, which is no part of the paper's method.

>>> import torch
>>> import torch.nn.functional as F
>>> 1 - F.cosine_similarity(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), dim=0).item()
1.0
"""

from torch import nn

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.pruning import affordable, influence
from methods.kit.method import Card, Paper


class BlockDrop(CompressionMethod):
    card = Card(
        title="Block dropping",
        papers=(Paper("ShortGPT: Layers in Large Language Models are More Redundant Than You Expect", 2024,
                      arxiv="2403.03853"),),
        fidelity="faithful",
    )

    def compress(self, net, task):
        turned = influence(net, task.known[:64])
        kept = sorted(range(len(turned)), key=lambda at: -turned[at])[:affordable(net, task.budget)]
        net.blocks = nn.ModuleList(net.blocks[at] for at in sorted(kept))
        return net
