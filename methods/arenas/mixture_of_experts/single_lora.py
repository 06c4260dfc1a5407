"""Single LoRA: the dense model stays frozen, and a small matrix beside each of its maps learns all text.

    W = W_0 + (alpha / r) B A,   B = 0 at the start, alpha = 2 r

Departs from the paper: all maps of attention and feed-forward change. Without a dense model to begin with, what is
added to has read nothing.

>>> import torch
>>> from methods.kit.adapters import LowRank
>>> sum(p.numel() for p in LowRank(torch.nn.Linear(32, 32).requires_grad_(False), 4).parameters() if p.requires_grad)
256
"""

from methods.arenas.mixture_of_experts.arena import MixtureMethod
from methods.arenas.mixture_of_experts.stage.adapting import adapted, loss_of
from methods.kit.method import Card, Paper
from methods.kit.params import param


class SingleLora(MixtureMethod):
    card = Card(
        title="Single LoRA",
        papers=(Paper("LoRA: Low-Rank Adaptation of Large Language Models", 2021, arxiv="2106.09685"),),
        fidelity="core",
    )

    rank: int = param(4, "rank of the change of a weight", low=1, high=16)

    def build(self, task):
        return adapted(task.net(), self.rank, 2.0 * self.rank)

    def train(self, net, task):
        task.train(net, loss_of(net))
        return net
