"""TLEG: blocks of every depth are points on a line between two sets of weights.

    theta_l = theta_B + (l - 1) / L theta_A,   l = 1 ... L
    learnt ahead in a network of six such blocks: (CE + KL to a trained teacher) / 2;   then expanded and untied

Departs from the paper: the teacher has three blocks of the same width; 400 steps ahead; embeddings and the last norm
are taken over as well, as heads are there. A target of another width is padded.

>>> import torch
>>> from methods.arenas.warm_start.stage.predicting import expanded
>>> line = expanded({"a.w": torch.tensor(8.0), "b.w": torch.tensor(1.0)}, 4)
>>> [float(value) for value in line.values()]
[1.0, 3.0, 5.0, 7.0]
"""

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.arenas.warm_start.stage.growing import overlap
from methods.arenas.warm_start.stage.predicting import expanded
from methods.kit.method import Beats, Card, Paper


class Tleg(WarmStartMethod):
    card = Card(
        title="TLEG",
        papers=(Paper("Transformer as Linear Expansion of Learngene", 2023, arxiv="2312.05614"),),
        fidelity="core",
        claims=(Beats("scratch", on="mean_bits", setting="depths"), Beats("layer-copy", on="mean_bits",
                                                                        setting="depths")),
    )

    def initialise(self, target, task):
        if not task.prepared:
            return overlap(target, task.source)
        overlap(target, task.body(expanded(task.prepared["learngene"], len(target.blocks))))
