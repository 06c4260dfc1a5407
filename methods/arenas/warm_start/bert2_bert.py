"""bert2BERT: new units are copies from the block above, and for a while only part of the network trains.

    FPI: U[:, j] = W[:, g(j)] / count,  U[j] = W[g(j)],  g(j) = j for old units, drawn for new ones
    AKI: as FPI, but rows of new units are those of the next block's W;  the last block has FPI
    depth: blocks again and again
    two stages: for an eighth of the steps a part of the first k blocks, k drawn, and of it the upper ones alone train;
    then everything

Departs from the paper: a causal model; which blocks train in the first stage is drawn at every step, the upper half of
the part; embeddings train throughout.

>>> import torch
>>> old, above, g = torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [4.0]]), torch.tensor([0, 1, 1])
>>> torch.where(torch.tensor([[False], [False], [True]]), above[g], old[g]).flatten().tolist()
[1.0, 2.0, 4.0]
"""

import torch
import torch.nn.functional as F

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.arenas.warm_start.stage.growing import cloned, heights, overlap, set_
from methods.arenas.warm_start.stage.mapping import by_lot
from methods.kit.lm_nets import nats
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Bert2Bert(WarmStartMethod):
    card = Card(
        title="bert2BERT",
        papers=(Paper("bert2BERT: Towards Reusable Pretrained Language Models", 2021, arxiv="2110.07143"),),
        fidelity="core",
        claims=(Beats("scratch", on="mean_bits"), Beats("net2net", on="mean_bits"),
                Beats("stacking", on="mean_bits", setting="deeper")),
    )

    first: float = param(0.125, "share of steps in which parts train", low=0.0, high=0.9)
    above: bool = param(True, "whether new units come from the block above (AKI) or the same (FPI)")

    def initialise(self, target, task):
        if target.width < task.source.width:
            return overlap(target, task.source)
        set_(target, cloned(target, task.source, by_lot(target, task.source, task.generator),
                            heights(len(target.blocks), len(task.source.blocks)), int(self.above)))

    def loss(self, target, batch, task, progress):
        if progress >= self.first:
            return nats(target, batch).mean()
        windows = batch.long()
        many = 1 + int(torch.rand((), generator=task.generator, device=task.device) * len(target.blocks))
        x = target.enter(windows[:, :-1])
        for at, block in enumerate(target.blocks[:many]):
            x = block(x)
            if at < many // 2:
                x = x.detach()
        return F.cross_entropy(target.logits(x).flatten(0, 1), windows[:, 1:].flatten())
