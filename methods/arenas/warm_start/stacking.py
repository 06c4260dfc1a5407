"""Stacking (StackBERT): the trained blocks again and again.

    block l of the target = block l mod L of the source;   what is wider is padded as drawn

Departs from the paper: it grows once, from a source that was trained to the end; what is wider is padded.

>>> from methods.arenas.warm_start.stage.growing import heights
>>> heights(6, 3)
[0, 1, 2, 0, 1, 2]
"""

from torch import nn

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.arenas.warm_start.stage.growing import heights, overlap
from methods.kit.method import Card, Paper


class Stacking(WarmStartMethod):
    card = Card(
        title="Stacking",
        papers=(Paper("Efficient Training of BERT by Progressively Stacking", 2019),),
        fidelity="core",
    )

    def initialise(self, target, task):
        source = task.source
        source.blocks = nn.ModuleList(source.blocks[at] for at in heights(len(target.blocks), len(source.blocks)))
        overlap(target, source)
