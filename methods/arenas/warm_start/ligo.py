"""LiGO: a linear map from small weights to large ones, width then depth, is learnt by the large network's loss.

    W_l' = sum_k w_lk B W_k A^T,   B for what is written, A for what is read, w for each kind of tensor

Maps begin as copies again and again; an eighth of the steps trains them with Adam, and is taken from the budget.

Departs from the paper: A is not tied to the B of what writes there; B and A are the same in all blocks.

>>> import torch
>>> b, w, a = torch.tensor([[1.0], [1.0]]), torch.tensor([[6.0]]), torch.tensor([[0.5], [0.5]])
>>> (b @ w @ a.T).tolist()
[[3.0, 3.0], [3.0, 3.0]]
"""

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.arenas.warm_start.stage.growing import overlap
from methods.arenas.warm_start.stage.operators import Operator
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Ligo(WarmStartMethod):
    card = Card(
        title="LiGO",
        papers=(Paper("Learning to Grow Pretrained Models for Efficient Transformer Training", 2023,
                      arxiv="2303.00980"),),
        fidelity="core",
        claims=(Beats("scratch", on="mean_bits"), Beats("stacking", on="mean_bits", setting="deeper")),
    )

    rate: float = param(0.003, "Adam's rate of the operator", low=0.0, high=0.1)

    def initialise(self, target, task):
        if target.width < task.source.width:
            return overlap(target, task.source)
        operator = Operator(target, task.source, tied=False)
        task.fit(target, operator.learnt, operator.weights, max(1, task.steps // 8), self.rate)
