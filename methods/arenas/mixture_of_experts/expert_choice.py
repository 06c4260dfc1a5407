"""Expert choice: each expert takes the pieces that suit it best, the same number for every expert.

    p = softmax(W x),   expert i takes the N c / E pieces of largest p_i,   y = sum over those that took x of p_i E_i(x)

So the load is even without a loss for it, while a piece has one expert, or several, at most four, or none. Asked, a
piece may not hang on those that come later: then each expert takes a piece whose p_i is above the running mean of its
lowest chances taken in training.

Departs from the paper: the survey compares families of gates by their papers' own reports; here they run in one arena,
and this file is the family that no other file is of. Thresholds are this file's; the paper's model takes by batch.

>>> import torch
>>> taken(torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]]), 2).int().tolist()
[[1, 0], [1, 0], [0, 1], [0, 1]]
"""

import torch

from methods.arenas.mixture_of_experts.arena import MixtureMethod
from methods.kit.method import Card, Matches, Paper
from methods.kit.params import param

MOST = 4


class ExpertChoice(MixtureMethod):
    card = Card(
        title="Expert choice",
        papers=(Paper("A Survey on Mixture of Experts", 2024, arxiv="2407.06204",
                      covers="the family of gates in which experts choose, beside those of other files"),
                Paper("Mixture-of-Experts with Expert Choice Routing", 2022, arxiv="2202.09368",
                      covers="the gate")),
        fidelity="proxy",
        claims=(Matches("switch", on="bits_per_byte", within=0.02),),
    )

    capacity: float = param(2.0, "experts that a piece has on average", low=1.0, high=3.0)
    k = 2

    def build(self, task):
        self.lowest = {}
        return super().build(task)

    def gate(self, layer, x):
        chances = layer.logits.softmax(1)
        if torch.is_grad_enabled():
            many = min(len(x), max(1, round(len(x) * self.capacity / layer.many)))
            mine = taken(chances, many)
            least = chances.detach().topk(many, 0).values[-1]
            old = self.lowest.get(layer)
            self.lowest[layer] = least if old is None or len(old) != len(least) else 0.9 * old + 0.1 * least
        else:
            mine = chances >= self.lowest[layer]
        weights, index = (chances * mine).topk(min(MOST, layer.many), 1)
        return chances, weights, index


def taken(chances, many):
    """(N, E) whether the expert is among the many of a column with the highest chance."""
    return torch.zeros_like(chances, dtype=torch.bool).scatter(0, chances.topk(many, 0).indices, True)
