"""UNO: one loss for names and for clusters, with clusters of equal size as the targets.

    targets of the heap = Sinkhorn(novel cosines / 0.05),   of the others = names
    loss = (CE(f(view 1), target of view 2) + CE(f(view 2), target of view 1)) / 2,   f = all cosines / 0.1

The novel kinds compete with the known ones in one softmax; even assignment keeps all from falling into one cluster.

Departs from the paper: one head without further clusters, where the paper takes several and
keeps the one of the lowest loss; its views. Where known kinds are in the heap, all kinds are assigned
evenly, as in its later use for that.

>>> import torch
>>> from methods.arenas.novel_classes.stage.nets import evenly
>>> evenly(torch.tensor([[1.0, 0.9], [1.0, 0.0]])).argmax(1).tolist()
[1, 0]
"""

from methods.arenas.novel_classes.arena import NovelClassesMethod
from methods.arenas.novel_classes.stage.swapped import said, swapped
from methods.kit.method import Beats, Card, Paper


class Uno(NovelClassesMethod):
    card = Card(
        title="UNO",
        papers=(Paper("A Unified Objective for Novel Class Discovery", 2021, arxiv="2108.08536"),),
        fidelity="core",
        claims=(Beats("kmeans-supervised", on="accuracy"),),
    )

    def loss(self, net, batch, task):
        return swapped(said(net, batch), batch, task)
