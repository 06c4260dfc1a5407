"""Pruned LoRA: drop the smallest frozen weights by size alone, then train LoRA on what is left."""

import torch

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import LowRank, replace_linears
from methods.kit.method import Card
from methods.kit.params import param


class PrunedLora(PeftMethod):
    card = Card(
        title="Magnitude pruning, then LoRA",
        waivers={"starts-from-the-pretrained-model": "half of the frozen weights are dropped first"},
    )

    r: int = param(4, "rank of the change of a weight", low=1, high=8)
    sparsity: float = param(0.5, "share of the frozen entries that are dropped", low=0.0, high=0.95)

    @torch.no_grad()
    def adapt(self, net, task):
        def prune(linear):
            flat = linear.weight.view(-1)
            flat[flat.abs().argsort()[:round(self.sparsity * len(flat))]] = 0
            return LowRank(linear, self.r, 8.0 / self.r)

        replace_linears(net, prune)
