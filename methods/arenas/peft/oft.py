"""OFT: turn the weight by an orthogonal matrix that is trained.

The angles between the neurons of a layer carry what pretraining has learnt. Multiplying the weight by an orthogonal
matrix keeps all of them. The matrix is block-diagonal, and each block is the Cayley transform of a skew-symmetric
matrix, so that it stays orthogonal while it is trained; it starts as the identity.

    R = diag(R_1, ..., R_r),   R_i = (I + Q_i) (I - Q_i)^-1,   Q_i = -Q_i^T,   W = W0 R

Departs from the paper: a transformer classifier takes the place of a diffusion model, and query, value and both maps of
the feed-forward part are turned, as for every such method here, where the paper turns the maps of attention.

>>> import torch
>>> cayley(torch.tensor([[[0.0, 1.0], [-1.0, 0.0]]])).round(decimals=4).tolist()      # a quarter turn
[[[0.0, 1.0], [-1.0, 0.0]]]
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import Changed, replace_linears
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def cayley(q):
    """(I + q) (I - q)^-1 of skew-symmetric blocks (n, b, b)."""
    eye = torch.eye(q.shape[-1], dtype=q.dtype, device=q.device)
    return torch.linalg.solve(eye - q, eye + q, left=False)


class Turned(Changed):
    """The frozen weight with its input turned inside blocks of size b."""

    def __init__(self, linear, b):
        super().__init__(linear)
        self.b = b
        rows, columns = torch.triu_indices(b, b, 1, device=linear.weight.device)
        self.register_buffer("rows", rows)
        self.register_buffer("columns", columns)
        self.angles = nn.Parameter(linear.weight.new_zeros(linear.in_features // b, len(rows)))

    def weight(self):
        q = self.angles.new_zeros(len(self.angles), self.b, self.b)
        q = q.index_put((torch.arange(len(q), device=q.device)[:, None], self.rows, self.columns), self.angles)
        turned = cayley(q - q.transpose(1, 2))
        return torch.einsum("onb,nbc->onc", self.base.weight.unflatten(1, (-1, self.b)), turned).flatten(1)


class Oft(PeftMethod):
    card = Card(
        title="OFT",
        papers=(Paper("Controlling Text-to-Image Diffusion by Orthogonal Finetuning", 2023, arxiv="2306.07280"),),
        fidelity="core",
        claims=(Beats("lora", on="target_accuracy"), Beats("lora", on="source_accuracy")),
    )

    b: int = param(16, "size of the blocks inside which channels are turned", choices=(2, 4, 8, 16))

    def adapt(self, net, task):
        replace_linears(net, lambda linear: Turned(linear, self.b))
