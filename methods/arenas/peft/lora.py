"""LoRA: add a trained matrix of low rank to every frozen weight.

What adaptation changes in a weight matrix is assumed to have a low rank, so the change is written as a product of
a tall and a wide matrix and only these are trained. The tall one starts at zero, so that training starts from the
pretrained model; the change can be added to the weight afterwards and costs nothing at inference.

    h = W0 x + (alpha / r) * B A x,   A random, B = 0 at the start                             (eq. 3)

Departs from the paper: query, value and both maps of the feed-forward part are changed, as for every low-rank method
here; the paper changes matrices of attention only.

>>> import torch
>>> a, b = torch.tensor([[1.0, 3.0]]), torch.tensor([[1.0], [0.0]])
>>> LowRank(torch.nn.Linear(2, 2), 1, scale=2.0, a=a, b=b).change().tolist()         # 2 * [1, 0]^T [1, 3]
[[2.0, 6.0], [0.0, 0.0]]
"""

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import LowRank, replace_linears
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class Lora(PeftMethod):
    card = Card(
        title="LoRA",
        papers=(Paper("LoRA: Low-Rank Adaptation of Large Language Models", 2021, arxiv="2106.09685"),),
        fidelity="faithful",
        claims=(Beats("prompt-tuning", on="target_accuracy"),
                Matches("full-fine-tuning", on="target_accuracy", within=2.0, cost="trained parameters"),
                Matches("full-fine-tuning", on="target_accuracy", within=2.0, setting="sentences",
                        cost="trained parameters")),
    )

    r: int = param(4, "rank of the change of a weight", low=1, high=8)
    alpha: float = param(8.0, "size of the change; divided by the rank", low=0.5, high=64.0)

    def adapt(self, net, task):
        replace_linears(net, lambda linear: LowRank(linear, self.r, self.alpha / self.r))
