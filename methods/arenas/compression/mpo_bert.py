"""MPOBERT: matrices are chains of five small tensors; all blocks share the middle one, which holds nearly everything.

    W_l = MPO(A1_l, A2_l, C, A4_l, A5_l) + U_l V_l
    MPO: W[(i1..i5), (j1..j5)] = A1[i1 j1] A2[i2 j2] C[i3 j3] A4[i4 j4] A5[i5 j5], a product over bonds

The chain comes from SVDs one after another, none cut. C and the first small tensors are those of the first block; small
tensors are then each block's own. U_l V_l starts at zero; its rank is what room allows.

Departs from the paper: begins with a matrix of a trained model that does not share, not with one that does, and is
tuned only; scaling of small tensors of added blocks, (2 L)^(-1/4), has no place then.

>>> import torch
>>> w = torch.arange(48.0 * 48).view(48, 48).sin()
>>> bool(torch.allclose(contract(decompose(w)), w, atol=1e-3)), [len(c.flatten()) for c in decompose(w)]
(True, [16, 256, 2304, 256, 16])
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.packed import WORD, maps, stored_bits
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

OUTER = (2, 2, 0, 2, 2)


def modes(size: int) -> list[int]:
    return [each or size // 16 for each in OUTER]


def decompose(matrix: Tensor) -> list[Tensor]:
    """Five tensors (bond, i, j, bond), from both ends to the middle."""
    i, j = modes(matrix.shape[0]), modes(matrix.shape[1])
    x = matrix.detach().reshape(*i, *j).permute(0, 5, 1, 6, 2, 7, 3, 8, 4, 9).reshape(
        [a * b for a, b in zip(i, j, strict=True)])
    left, right, bond = [], [], 1
    for at in (0, 1):
        u, s, v = torch.linalg.svd(x.reshape(bond * i[at] * j[at], -1), full_matrices=False)
        left.append(u.view(bond, i[at], j[at], -1))
        x, bond = s[:, None] * v, len(s)
    after = 1
    for at in (4, 3):
        u, s, v = torch.linalg.svd(x.reshape(-1, i[at] * j[at] * after), full_matrices=False)
        right.insert(0, v.view(-1, i[at], j[at], after))
        x, after = u * s, len(s)
    return [*left, x.reshape(bond, i[2], j[2], after), *right]


def contract(chain: list[Tensor]) -> Tensor:
    whole = chain[0]
    for part in chain[1:]:
        whole = torch.einsum("aijb,bklc->aikjlc", whole, part).flatten(3, 4).flatten(1, 2)
    return whole[0, :, :, 0]


class Chain(nn.Module):
    """A map whose weights are a chain with a shared middle, and a thin product."""

    def __init__(self, linear: nn.Linear, chain: list[Tensor], middle: nn.Parameter, v: Tensor):
        super().__init__()
        self.middle, self.bias, self.in_features = middle, linear.bias, linear.in_features
        self.small = nn.ParameterList(nn.Parameter(chain[at].clone()) for at in (0, 1, 3, 4))
        self.u, self.v = nn.Parameter(v.new_zeros(len(linear.weight), len(v))), nn.Parameter(v)

    def forward(self, x: Tensor) -> Tensor:
        small = list(self.small)
        weight = contract([*small[:2], self.middle, *small[2:]])
        return F.linear(x, weight, self.bias) + F.linear(F.linear(x, self.v), self.u)


class MpoBert(CompressionMethod):
    card = Card(
        title="MPOBERT",
        papers=(Paper("Scaling Pre-trained Language Models to Deeper via Parameter-efficient Architecture", 2023,
                      arxiv="2303.16753"),),
        fidelity="core",
        claims=(Beats("full-sharing", on="bits_per_byte"),),
        needs_scale=("Sharing the middle lets models of 48 blocks train from the start at the size of twelve.",),
    )

    adapters: bool = param(True, "whether each block has a thin product of its own")

    def compress(self, net, task):
        places = list(maps(net))
        chains = [decompose(linear.weight) for _, _, linear in places[:4]]
        middles = [nn.Parameter(chain[2].clone()) for chain in chains]
        stored = stored_bits(net) - WORD * sum(linear.weight.numel() for _, _, linear in places)
        stored += WORD * (sum(middle.numel() for middle in middles)
                          + len(net.blocks) * sum(chain[at].numel() for chain in chains for at in (0, 1, 3, 4)))
        sides = sum(sum(linear.weight.shape) for _, _, linear in places)
        rank = max(0, int((task.budget - stored) / (WORD * sides))) if self.adapters else 0
        for at, (holder, name, linear) in enumerate(places):
            v = torch.randn(rank, linear.in_features, generator=task.generator, device=task.device)
            setattr(holder, name, Chain(linear, chains[at % 4], middles[at % 4], v / linear.in_features ** 0.5))
        return net
