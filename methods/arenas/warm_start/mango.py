"""Mango: one multilinear map from all small weights to all large ones, a ring of small tensors.

    all matrices as one tensor M (B, I, O, L): twelve squares a block, inputs, outputs, blocks
    M' = sum over the ring  S_B[p b b' q] S_O[q o o' r] S_I[r i i' s] S_L[s l l' p]  M,   rank R of the ring's bonds

What is not a matrix of a block is mapped by the same S_O or S_I. The map begins as copies again and again plus noise;
an eighth of the steps trains it with Adam, and is taken from the budget.

Departs from the paper: queries, keys, values and the four squares of a hidden map are squares of their own; an
eighth of the budget trains the map, where the paper spends less than a hundredth; embeddings have the first bond's S_O.

>>> import torch
>>> m = torch.arange(4.0).view(1, 2, 2, 1)
>>> one, two = torch.ones(1, 1, 1, 1), torch.eye(2).view(1, 2, 2, 1)
>>> bool((ring(m, one, two, two, one) == m).all())
True
"""

import torch
from torch import Tensor

from methods.arenas.warm_start.arena import WarmStartMethod
from methods.arenas.warm_start.stage.growing import OUTER, STREAM, block_of, doubled, heights, joined, outer_of, overlap
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def ring(m: Tensor, s_b: Tensor, s_o: Tensor, s_i: Tensor, s_l: Tensor) -> Tensor:
    """m (B, O, I, L); cores (bond, small, large, bond)."""
    x = torch.einsum("boil,pbcq->pcoilq", m, s_b)
    x = torch.einsum("pcoilq,qour->pcuilr", x, s_o)
    x = torch.einsum("pcuilr,rivs->pcuvls", x, s_i)
    return torch.einsum("pcuvls,slmp->cuvm", x, s_l)


def squares(block: dict[str, Tensor]) -> Tensor:
    """(12, D, D) the matrices of a block: queries, keys, values, out, four of rise, four of fall."""
    d = block["mixer.out.weight"].shape[0]
    fall = block["feed.out.weight"].unflatten(1, (4, d)).transpose(0, 1)
    return torch.cat([block["mixer.ask.weight"], block["mixer.out.weight"][None],
                      block["feed.rise.weight"].unflatten(0, (4, d)), fall])


class Mango(WarmStartMethod):
    card = Card(
        title="Mango",
        papers=(Paper("Reusing Pretrained Models by Multi-linear Operators for Efficient Training", 2023,
                      arxiv="2310.10699"),),
        fidelity="core",
        claims=(Beats("scratch", on="mean_bits"), Beats("ligo", on="mean_bits"), Beats("bert2-bert", on="mean_bits")),
    )

    rank: int = param(1, "bonds of the ring", low=1, high=4)
    rate: float = param(0.003, "Adam's rate of the operator", low=0.0, high=0.1)

    def initialise(self, target, task):
        source = task.source
        if target.width < source.width:
            return overlap(target, source)
        rows = doubled(source.width, target.width, task.device)
        copies = torch.eye(source.width, device=task.device)[rows]
        up = torch.eye(len(source.blocks), device=task.device)[heights(len(target.blocks), len(source.blocks))]
        starts = (torch.eye(12, device=task.device), copies, copies / torch.bincount(rows)[rows][:, None], up)
        cores = []
        for start in starts:                                    # (large, small)
            core = 0.001 * torch.randn(self.rank, *start.T.shape, self.rank, generator=task.generator,
                                       device=task.device)
            core[0, :, :, 0] += start.T
            cores.append(core.requires_grad_(True))
        blocks = [block_of(source, at) for at in range(len(source.blocks))]
        whole, outer = torch.stack([squares(block) for block in blocks], -1), outer_of(source)

        def vectors(name: str, out: Tensor, height: Tensor) -> Tensor:
            stacked = torch.stack([block[name] for block in blocks])             # (L, …)
            parts = stacked.unflatten(-1, (-1, source.width))
            return torch.einsum("m l, l ... d, u d -> m ... u".replace(" ", ""), height, parts, out).flatten(-2)

        def weights() -> dict[str, Tensor]:
            grown = ring(whole, *cores)                                          # (12, D, D, L)
            out, into, height = (cores[at][0, :, :, 0].T for at in (1, 2, 3))
            made = dict(outer)
            for name, sides in OUTER.items():
                axis = sides.index(STREAM)
                made[name] = torch.movedim(torch.tensordot(into if name.startswith("norm") else out, outer[name],
                                                           dims=([1], [axis])), 0, axis)
            low = {name: vectors(name, out, height) for name in blocks[0]
                   if "norm" in name or name.endswith("bias")}
            deep = []
            for at in range(grown.shape[-1]):
                block = {name: value[at] for name, value in low.items()}
                block["mixer.ask.weight"], block["mixer.out.weight"] = grown[:3, :, :, at], grown[3, :, :, at]
                block["feed.rise.weight"] = grown[4:8, :, :, at].flatten(0, 1)
                block["feed.out.weight"] = grown[8:, :, :, at].transpose(0, 1).flatten(1)
                deep.append(block)
            return joined(made, deep)

        task.fit(target, cores, weights, max(1, task.steps // 8), self.rate)
