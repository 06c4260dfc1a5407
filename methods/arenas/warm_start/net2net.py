"""Net2Net: new units are copies of old ones, drawn by lot, and what reads copies is divided by their number.

    U[:, j] = W[:, g(j)] / |{k : g(k) = g(j)}|,   U[j] = W[g(j)];   g(j) = j for old units, drawn for new ones

One g for the stream, one for heads, one for hidden units. Blocks are stacked where there are more.

Departs from the paper: for a transformer; the norm over copies keeps its statistics only if all are as frequent.

>>> import torch
>>> from methods.arenas.warm_start.stage.growing import shared
>>> shared(torch.tensor([0, 1, 1])).tolist()
[1.0, 0.5, 0.5]
"""

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.arenas.warm_start.stage.growing import cloned, heights, overlap, set_
from methods.arenas.warm_start.stage.mapping import by_lot
from methods.kit.method import Card, Paper


class Net2net(WarmStartMethod):
    card = Card(
        title="Net2Net",
        papers=(Paper("Net2Net: Accelerating Learning via Knowledge Transfer", 2015, arxiv="1511.05641"),),
        fidelity="core",
    )

    def initialise(self, target, task):
        if target.width < task.source.width:
            return overlap(target, task.source)
        set_(target, cloned(target, task.source, by_lot(target, task.source, task.generator),
                            heights(len(target.blocks), len(task.source.blocks))))
