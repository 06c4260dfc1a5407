"""LoLDU: train the diagonal between the triangular factors of a weight.

Gaussian elimination writes a weight as P L D U, with triangles that have ones on their diagonals. The first r columns
of L and rows of U stay as frozen bases, and only the r numbers of D between them and one overall gain are trained.

    W = (W0 - sigma_0 P L_r diag(d_0) U_r) + sigma P L_r diag(d) U_r

Departs from the paper: query, value and both maps of the feed-forward part are changed, as for every low-rank method
here; the authors' code trains D alone and leaves the gain as it is.

>>> import torch
>>> p_l, d, u = factors(torch.tensor([[2.0, 4.0], [1.0, 5.0]]), 2)
>>> d.tolist(), u.tolist(), p_l.tolist()                                      # second pivot 5 - 4 / 2
([2.0, 3.0], [[1.0, 2.0], [0.0, 1.0]], [[1.0, 0.0], [0.5, 1.0]])
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import Changed, replace_linears
from methods.kit.method import Card, Matches, Paper
from methods.kit.params import param


def factors(weight, r):
    """P L_r (out, r), d_r (r,) and U_r (r, in) of the weight (out, in)."""
    p, low, up = torch.linalg.lu(weight)
    d = up.diagonal()[:r].clone()
    safe = torch.where(d == 0, torch.ones_like(d), d)
    return (p @ low)[:, :r], d, up[:len(d)] / safe[:, None]


class Diagonal(Changed):
    def __init__(self, linear, r, sigma, basis):
        super().__init__(linear)
        weight = linear.weight.detach()
        left, d, right = factors(weight, min(r, *weight.shape))
        if basis == "random":
            left = nn.init.kaiming_uniform_(torch.empty_like(left))
            right = nn.init.kaiming_uniform_(torch.empty_like(right))
        self.register_buffer("left", left)
        self.register_buffer("right", right)
        self.d, self.sigma = nn.Parameter(d), nn.Parameter(weight.new_full((), sigma))
        self.register_buffer("rest", weight - sigma * (left * d) @ right)

    def weight(self):
        return self.rest + self.sigma * (self.left * self.d) @ self.right


class Loldu(PeftMethod):
    card = Card(
        title="LoLDU",
        papers=(Paper("LoLDU: Low-Rank Adaptation via Lower-Diag-Upper Decomposition for Parameter-Efficient "
                      "Fine-Tuning", 2024, arxiv="2410.13618"),),
        fidelity="faithful",
        claims=(Matches("lora", on="target_accuracy", within=2.0, cost="trained parameters"),
                Matches("vera", on="target_accuracy", within=0.5, cost="trained parameters")),
    )

    r: int = param(64, "how many pivots are trained in a layer", low=1, high=128)
    sigma: float = param(1.0, "overall gain before training", low=0.1, high=8.0)
    basis: str = param("triangular", "where the frozen bases come from", choices=("triangular", "random"))

    def adapt(self, net, task):
        replace_linears(net, lambda linear: Diagonal(linear, self.r, self.sigma, self.basis))
