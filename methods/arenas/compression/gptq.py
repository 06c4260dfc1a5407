"""GPTQ: columns are rounded one after another, and those still to come make up for the error.

    H = 2 X^T X + d,  X what the map reads on known text,  U the upper Cholesky factor of H^-1
    for column i:  q = round(w_i);   W[:, i:] -= (w_i - q) / U_ii * U[i, i:]

The grid is that of rounding to nearest, each group's set when its first column comes; d is a hundredth of the mean of
the diagonal. Blocks come one after another, each reading what the rounded ones before it give.

Follows the paper. In tuning, which the paper leaves out, all but the rounded weights trains.

>>> import torch
>>> fitted(torch.tensor([[0.4, 0.4, 1.0, 0.0]]), torch.ones(8, 4), 1, 4)[0].tolist()      # the first error moves on
[[0.0, 1.0, 1.0, 0.0]]
"""

import torch
from torch import Tensor

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.coding import grid
from methods.arenas.compression.stage.packed import PLACES, WORD, Coded, room
from methods.kit.method import Card, Paper


def fitted(weight: Tensor, read: Tensor, bits: int, group: int) -> tuple[Tensor, float]:
    """Rounded weights (m, n) of a map that reads (N, n), and the bits they take."""
    left, near = weight.detach().double().clone(), torch.zeros_like(weight, dtype=torch.double)
    hessian = 2 * read.double().T @ read.double()
    hessian += 0.01 * hessian.diagonal().mean().clamp(min=1e-8) * torch.eye(len(hessian), device=weight.device)
    inverse = torch.linalg.cholesky(torch.linalg.inv(hessian), upper=True)
    for i in range(weight.shape[1]):
        if i % group == 0:
            part = left[:, i:i + group]
            low, step = part.amin(1), ((part.amax(1) - part.amin(1)) / (2 ** bits - 1)).clamp(min=1e-8)
        near[:, i] = ((left[:, i] - low) / step).round().clamp(0, 2 ** bits - 1) * step + low
        left[:, i:] -= ((left[:, i] - near[:, i]) / inverse[i, i])[:, None] * inverse[i, i:]
    return near.to(weight), bits * weight.numel() + 2 * WORD * weight.numel() / group


class Gptq(CompressionMethod):
    card = Card(
        title="GPTQ",
        papers=(Paper("GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers", 2022,
                      arxiv="2210.17323"),),
        fidelity="faithful",
    )

    def compress(self, net, task):
        bits, group = grid(room(net, task.budget))
        for at, block in enumerate(net.blocks):
            read = task.inputs(net, task.known[:64])[len(PLACES) * at:]
            for (part, name), seen in zip(PLACES, read, strict=False):
                holder = getattr(block, part)
                linear = getattr(holder, name)
                setattr(holder, name, Coded(linear, *fitted(linear.weight, seen, bits, group)))
        return net
