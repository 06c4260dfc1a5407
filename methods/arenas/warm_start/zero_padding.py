"""Zero padding: the small network in the upper left of the large one, next to nothing elsewhere.

    W' = [[W, e], [e, e]],   e of deviation 0.01 or less;   new blocks on top, nothing written to the stream
    gains of norms times sqrt(d / D): a norm over zeros divides by too small a deviation

Departs from the paper: the gains, where the paper accepts what the padding does; blocks have four maps.

>>> import math
>>> x = [1.0, -1.0, 0.0, 0.0]
>>> round(1 / math.sqrt(sum(v * v for v in x) / 4) * math.sqrt(2 / 4), 3)     # as if there were no zeros
1.0
"""

import torch

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.arenas.warm_start.stage.growing import overlap
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class ZeroPadding(WarmStartMethod):
    card = Card(
        title="Zero padding",
        papers=(Paper("Transfer training from smaller language model", 2021, arxiv="2104.11390"),),
        fidelity="core",
        claims=(Beats("scratch", on="mean_bits"), Beats("scratch", on="mean_bits", setting="deeper")),
    )

    size: float = param(0.01, "deviation of what is not copied", low=0.0, high=0.05)

    def initialise(self, target, task):
        source, drawn = task.source, task.generator
        many = len(source.blocks)
        with torch.no_grad():
            for value in target.parameters():
                if value.dim() > 1:
                    value.copy_(self.size * torch.randn(value.shape, generator=drawn, device=value.device))
            upper = target.blocks[many:]
            for block in upper:
                block.mixer.out.weight.zero_()
                block.feed.out.weight.zero_()
            lower, whole = target.blocks[:many], target.blocks
            target.blocks = lower
            source.blocks = source.blocks[:len(lower)]
            overlap(target, source)
            target.blocks = whole
            if target.width > source.width:
                for name, value in target.named_parameters():
                    if "norm" in name and name.endswith("weight"):
                        value[:source.width] *= (source.width / target.width) ** 0.5
