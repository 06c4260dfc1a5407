"""Block movement pruning: tuning itself finds which blocks of weights to keep, by where they move.

    W' = W * M,   M = 1[S in the top v of its matrix], one score S a block of b x b weights
    dL/dS = sum over the block of dL/dW' * W              (straight through; S starts at 0)
    L = CE / 2 + KL(p_teacher || p) / 2 + lambda * mean sigmoid(S)

The kept share v falls from all to what there is room for by (1 - t)^3, after a tenth of the steps and until seven
tenths; then v stays, while M still follows S. The teacher is the dense model tuned on the same text, for a quarter of
the steps.

Departs from the paper: blocks have one size in attention and feed-forward; the mask is the top v instead of a
threshold, so that the room is met exactly, which leaves lambda little to do; what is emptied is not cut out; the
teacher's steps are taken from the budget; CE and KL weigh alike, at temperature 1 (in its runs 0.1 and 0.9, at 2);
scores have the weights' rate, since Adam undoes the ten that their gradients are multiplied by.

>>> import torch
>>> spread(torch.tensor([[1.0, 2.0]]), 2).tolist()
[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]
>>> round(kept(0.4, 0.375), 4)                         # halfway of the fall
0.4531
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.packed import Sparse, replace_maps
from methods.arenas.compression.stage.pruning import density, top
from methods.arenas.compression.stage.task import mean_nats
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def spread(scores: Tensor, block: int) -> Tensor:
    return scores.repeat_interleave(block, 0).repeat_interleave(block, 1)


def kept(progress: float, last: float) -> float:
    """The share that is kept at a time from 0 to 1."""
    gone = min(1.0, max(0.0, (progress - 0.1) / 0.6))
    return last + (1 - last) * (1 - gone) ** 3


class Moving(Sparse):
    """A map with a mask that its scores make; gradients of the mask go to the scores."""

    def __init__(self, linear: nn.Linear, block: int):
        super().__init__(linear, torch.ones_like(linear.weight), block)
        self.scores = nn.Parameter(torch.zeros(linear.out_features // block, linear.in_features // block,
                                               device=linear.weight.device))

    def forward(self, x: Tensor) -> Tensor:
        soft = spread(self.scores, self.block)
        return F.linear(x, self.weight * (self.mask + soft - soft.detach()), self.bias)


class BlockMovementPruning(CompressionMethod):
    card = Card(
        title="Block movement pruning",
        papers=(Paper("Block Pruning For Faster Transformers", 2021, arxiv="2109.04838"),),
        fidelity="core",
        claims=(Beats("magnitude-pruning", on="bits_per_byte"), Beats("structured-magnitude", on="bits_per_byte")),
    )

    block: int = param(4, "side of a block of weights", choices=(1, 4, 8))
    lam: float = param(0.1, "weight of the mean of sigmoid(S)", low=0.0, high=100.0)

    def compress(self, net, task):
        self.last = density(net, task.budget, self.block)
        self.teacher = task.dense()
        task.train(self.teacher, task.steps // 4, lambda batch: mean_nats(self.teacher, batch), tell=False)
        self.teacher.requires_grad_(False)
        self.begun = task.step
        self.put = replace_maps(net, lambda linear: Moving(linear, self.block))
        self.rescore(1.0 if task.steps else self.last)
        for each in self.put:
            each.scores.register_hook(lambda gradient: gradient * 10)
        return net

    def loss(self, net, batch, task):
        windows = batch.long()
        logits = net(windows[:, :-1])
        taught = self.teacher(windows[:, :-1]).log_softmax(-1)
        apart = F.kl_div(logits.log_softmax(-1), taught, reduction="none", log_target=True).sum(-1).mean()
        named = F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())
        return (named + apart) / 2 + self.lam * torch.stack([each.scores.sigmoid().mean() for each in self.put]).mean()

    def after_step(self, net, task):
        self.rescore(kept((task.step - self.begun) / max(1, task.steps - self.begun), self.last))

    def finish(self, net, task):
        self.rescore(self.last)
        return net

    def rescore(self, share: float) -> None:
        for each in self.put:
            each.mask = spread(top(each.scores.detach(), share), self.block)
