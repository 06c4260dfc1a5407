"""Weight subcloning: a small network is cut out of a large one, where activations are largest.

    rank entries of the stream by mean |x| over text and blocks, one order for all; hidden units and heads, block by
    block, by mean size of what they pass on;   W' = sqrt(D / d) W[top rows, top columns]
    first and last blocks stay, the middle goes

Departs from the paper: a target that is larger than the source is padded. Activations are those of 32 windows.

>>> import torch
>>> torch.tensor([0.1, 3.0, 2.0]).argsort(descending=True)[:2].sort().values.tolist()
[1, 2]
"""

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.arenas.warm_start.stage.cutting import activity, cut_out
from methods.kit.method import Beats, Card, Paper


class WeightSubcloning(WarmStartMethod):
    card = Card(
        title="Weight subcloning",
        papers=(Paper("Weight subcloning: direct initialization of transformers using larger pretrained ones", 2023,
                      arxiv="2312.09299"),),
        fidelity="faithful",
        claims=(Beats("scratch", on="mean_bits", setting="smaller"),
                Beats("random-subcloning", on="mean_bits", setting="smaller")),
    )

    def initialise(self, target, task):
        sizes = activity(task.source, task.train[:32])
        cut_out(target, task.source, lambda side, at, many: sizes[side, at])
