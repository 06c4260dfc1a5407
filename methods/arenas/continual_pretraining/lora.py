"""LoRA: the model stays frozen, and a small matrix beside each of its maps learns the new text.

    W = W_0 + (alpha / r) B A,   B = 0 at the start; all texts train the same increments

Departs from the paper: all maps of attention and feed-forward change.

>>> import torch
>>> from methods.kit.adapters import LowRank
>>> int(sum(p.numel() for p in LowRank(torch.nn.Linear(32, 32).requires_grad_(False), 4, 1.0).parameters()
...         if p.requires_grad))
256
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.arenas.continual_pretraining.stage.increments import replace_maps
from methods.kit.adapters import LowRank
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Lora(ContinualPretrainingMethod):
    card = Card(
        title="LoRA",
        papers=(Paper("LoRA: Low-Rank Adaptation of Large Language Models", 2021, arxiv="2106.09685"),),
        fidelity="core",
        claims=(Beats("naive", on="old_bpb"),),
    )
    rate_factor = 1 / 3

    r: int = param(4, "rank of the change of a weight", low=1, high=16)
    alpha: float = param(8.0, "size of the change; divided by the rank", low=0.5, high=64.0)

    def prepare(self, net, task):
        if not task.stage:
            replace_maps(net, lambda linear: LowRank(linear, self.r, self.alpha / self.r))
        return net
