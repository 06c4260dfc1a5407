"""PELA: thin factors learn to see what the full model sees, before they are tuned.

    W ~ U V, the SVD cut at rank r; then on the text that the model knows, the full model frozen:
    L = CE + 0.1 mean_l MSE(h_l, h_l^full) + mean over matrices (max |U V - W| - eps)^2

after which the factors are tuned as usual. The middle stage takes half of the steps.

Departs from the paper: this middle stage is as short as tuning, and tuning is language modelling of other text.

>>> import torch
>>> round(strayed([(torch.eye(1), torch.tensor([[0.5]]), torch.tensor([[0.75]]))], 0.05).item(), 4)   # (.25 - .05)^2
0.04
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.packed import Factors, low_rank, maps, replace_maps, room, thin
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def strayed(parts: list[tuple[Tensor, Tensor, Tensor]], eps: float) -> Tensor:
    """Of (U, V, W): the largest difference of each product from its matrix, against eps."""
    return torch.stack([((u @ v - w).abs().max() - eps).square() for u, v, w in parts]).mean()


class Pela(CompressionMethod):
    card = Card(
        title="PELA",
        papers=(Paper("PELA: Learning Parameter-Efficient Models with Low-Rank Approximation", 2023,
                      arxiv="2310.10700"),),
        fidelity="faithful",
        claims=(Beats("plain-svd", on="bits_per_byte"), Matches("dense-tuned", on="bits_per_byte", within=0.05,
                                                               cost="stored")),
    )

    distil: float = param(0.1, "weight of the features' error", low=0.0, high=10.0)
    bound: float = param(1.0, "weight of the largest change of a weight", low=0.0, high=100.0)
    eps: float = param(0.001, "the change that is aimed at", low=0.0, high=1.0)

    def compress(self, net, task):
        full = task.teacher()
        bits = room(net, task.budget)
        put = replace_maps(net, lambda linear: Factors(*low_rank(linear.weight, thin(*linear.weight.shape, bits)),
                                                       linear.bias))
        whole = [linear.weight for _, _, linear in maps(full)]

        def loss(batch: Tensor) -> Tensor:
            windows = batch.long()
            states = net.states(windows[:, :-1])
            seen = full.states(windows[:, :-1])
            apart = torch.stack([F.mse_loss(a, b) for a, b in zip(states, seen, strict=True)]).mean()
            named = F.cross_entropy(net.logits(states[-1]).flatten(0, 1), windows[:, 1:].flatten())
            far = strayed([(each.u, each.v, w) for each, w in zip(put, whole, strict=True)], self.eps)
            return named + self.distil * apart + self.bound * far

        task.train(net, task.steps // 2, loss, known=True)
        return net
