"""Hadamard and Kronecker adapters: write the change as another product than that of two thin matrices.

At equal numbers the truncated singular value decomposition is the best plain approximation of a matrix, but a change
that is learnt need not be approximated plainly. The elementwise product of two changes of rank r has rank up to r^2;
the Kronecker product of two small matrices has full rank.

    low-rank: B A      Hadamard: (B_1 A_1) * (B_2 A_2)      Kronecker: K_1 (x) K_2

Departs from the paper: of the factorisations it tours, three are trained as adapters and two measured as plain
approximations.

>>> import torch
>>> u, v = torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0, 4.0]])
>>> hadamard(u, v, u, v).tolist()                                             # the squares of u v
[[9.0, 16.0], [36.0, 64.0]]
>>> errors = [relative_error(torch.diag(torch.tensor([3.0, 4.0])), kind, 4) for kind in ("svd", "nmf")]
>>> round(errors[0], 4)                                                       # rank 1 leaves 3 of length 5
0.6
"""

import math

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import Changed, replace_linears
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def hadamard(b1, a1, b2, a2):
    return (b1 @ a1) * (b2 @ a2)


def relative_error(matrix, kind, numbers, steps=200):
    """||M - M'||_F / ||M||_F of an approximation from about `numbers` numbers: "svd", or "nmf" of a matrix >= 0."""
    rank = max(1, numbers // sum(matrix.shape))
    if kind == "svd":
        u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
        found = (u[:, :rank] * s[:rank]) @ vh[:rank]
    else:
        w, h = matrix.new_ones(len(matrix), rank), matrix.new_ones(rank, matrix.shape[1])
        for _ in range(steps):                                                # multiplicative updates
            h = h * (w.T @ matrix) / (w.T @ w @ h).clamp(min=1e-9)
            w = w * (matrix @ h.T) / (w @ h @ h.T).clamp(min=1e-9)
        found = w @ h
    return float((matrix - found).norm() / matrix.norm())


class Product(Changed):
    def __init__(self, linear, kind, r, alpha):
        super().__init__(linear)
        out, into = linear.weight.shape
        self.kind, self.scale = kind, alpha / r

        def random(*shape):
            return nn.Parameter(nn.init.kaiming_uniform_(linear.weight.new_empty(shape), math.sqrt(5)))

        def zero(*shape):
            return nn.Parameter(linear.weight.new_zeros(shape))

        if kind == "low-rank":
            self.parts = nn.ParameterList([random(r, into), zero(out, r)])
        elif kind == "hadamard":
            half = max(1, r // 2)
            self.parts = nn.ParameterList([random(half, into), zero(out, half), random(half, into), random(out, half)])
        else:
            side = math.gcd(out, into) // 2
            self.parts = nn.ParameterList([random(side, side), zero(out // side, into // side)])

    def change(self):
        if self.kind == "low-rank":
            return self.parts[1] @ self.parts[0]
        if self.kind == "hadamard":
            a1, b1, a2, b2 = self.parts
            return hadamard(b1, a1, b2, a2)
        return torch.kron(self.parts[1], self.parts[0])

    def weight(self):
        return self.base.weight + self.scale * self.change()


class LowRankTales(PeftMethod):
    card = Card(
        title="Hadamard and Kronecker adapters",
        papers=(Paper("Low-Rank Approximation, Adaptation, and Other Tales", 2024, arxiv="2408.05883"),),
        fidelity="core",
        claims=(Matches("lora", on="target_accuracy", within=0.5),
                Beats("lora", on="target_accuracy", setting="high-rank")),
        reduces_to=("lora", {"kind": "low-rank"}),
    )

    kind: str = param("hadamard", "how the change is written", choices=("low-rank", "hadamard", "kronecker"))
    r: int = param(4, "numbers spent, as the rank of a LoRA with as many", low=1, high=8)
    alpha: float = param(8.0, "size of the change; divided by the rank", low=0.5, high=64.0)

    def adapt(self, net, task):
        replace_linears(net, lambda linear: Product(linear, self.kind, self.r, self.alpha))
