"""qGOFT: turn the input of a weight by rounds of rotations in pairs of channels.

Every rotation is a product of rotations of two channels, and d - 1 of them, in log2 d rounds that meet like a
knock-out tournament, reach any direction from any other. `relaxed` lets every 2 x 2 block be any matrix, held near
the orthogonal ones by a penalty, so that lengths and angles may change as well.

    x <- c * x + s * rot90(x),  round by round;  block [[a, b], [c, d]] = I at the start
    penalty = lam * sum_blocks ||G^T G - I||_F^2                                                 (eq. 8-10)

Departs from the paper: query, value and both maps of the feed-forward part are changed, as for every low-rank method
here.

>>> import torch
>>> quarter = torch.tensor([[[0.0, -1.0], [1.0, 0.0]]])
>>> turn_pairs(torch.tensor([[1.0, 0.0]]), quarter, 1).tolist()               # a quarter turn of the only pair
[[0.0, 1.0]]
>>> [pairs.tolist() for pairs in rounds(4)]                                   # 0-1 and 2-3, then the winners 0-2
[[[0, 2], [1, 3]], [[0], [2]]]
"""

import math

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import Changed, replace_linears
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def rounds(d):
    """Per round the channels (2, n) that are turned in pairs."""
    step, found = 1, []
    while step < d:
        first = torch.arange(0, d - step, 2 * step)
        found.append(torch.stack([first, first + step]))
        step *= 2
    return found


def turn_pairs(x, blocks, step):
    """x (..., d) with the pairs (0, step), (2 step, 3 step), ... multiplied by blocks (n, 2, 2)."""
    first = 2 * step * torch.arange(len(blocks), device=x.device)
    where = torch.stack([first, first + step], 1)                              # (n, 2)
    turned = torch.einsum("nij,...nj->...ni", blocks, x[..., where])
    return x.index_copy(-1, where.flatten(), turned.flatten(-2))


class Rotated(Changed):
    """base applied to the rotated input; as the weight is smaller than a batch, it is the weight that is turned."""

    def __init__(self, linear, relaxed):
        super().__init__(linear)
        self.relaxed = relaxed
        self.sizes = [pairs.shape[1] for pairs in rounds(linear.in_features)]
        many = sum(self.sizes)
        weight = linear.weight
        self.turns = nn.Parameter(torch.eye(2, device=weight.device).repeat(many, 1, 1) if relaxed
                                  else weight.new_zeros(many))

    def blocks(self):
        if self.relaxed:
            return self.turns
        angle = math.pi * torch.tanh(self.turns)
        return torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(-1, 2, 2)

    def error(self):
        blocks = self.blocks()
        return (blocks.transpose(1, 2) @ blocks - torch.eye(2, device=blocks.device)).square().sum()

    def weight(self):
        weight, rounds_ = self.base.weight, self.blocks().transpose(1, 2).split(self.sizes)
        for i in reversed(range(len(rounds_))):                                # W G_k ... G_1
            weight = turn_pairs(weight, rounds_[i], 2**i)
        return weight


class Qgoft(PeftMethod):
    card = Card(
        title="Quasi-Givens orthogonal fine-tuning",
        papers=(Paper("Parameter Efficient Quasi-Orthogonal Fine-Tuning via Givens Rotation", 2024,
                      arxiv="2404.04316"),),
        fidelity="faithful",
        claims=(Beats("lora", on="target_accuracy"),
                Matches("oft", on="target_accuracy", within=1.0, cost="trained parameters")),
    )

    relaxed: bool = param(True, "let every pair of channels be mixed by any matrix near the rotations")
    lam: float = param(1e-3, "how firmly the blocks are held near rotations", low=0.0, high=10.0)

    def adapt(self, net, task):
        self.layers = replace_linears(net, lambda linear: Rotated(linear, self.relaxed))

    def loss(self, net, task):
        found = super().loss(net, task)
        return found + self.lam * sum(layer.error() for layer in self.layers) if self.relaxed else found
