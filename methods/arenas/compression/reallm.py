"""ReALLM: a thin product, and the rest as short codes that a small network turns back into weights.

    W ~ A B + s D(E),   A B the SVD of W cut at rank r,   s a scale of each row
    E = codes of Enc((W - A B) / s) in patches of eight weights of a row; each pair of latent numbers goes to the
    nearest of 4^b pairs in a table;   Enc, D: x + a network of one hidden layer of 16, fitted to the rest with Adam

Three bits a weight where nothing trains, two where A B is tuned afterwards; the rank is what room is left for. Table
and decoder, one for all maps, are stored at 16 bits a number.

Departs from the paper: patches of a row and one small decoder instead of convolutions over whole matrices; no rotation
of weights; one decoder for all kinds; embeddings, norms and biases train too, as everywhere here.

>>> import torch
>>> nearest(torch.tensor([[0.9, 0.1]]), torch.tensor([[0.0, 0.0], [1.0, 0.0]])).tolist()
[1]
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.coding import rank_for
from methods.arenas.compression.stage.packed import WORD, Coded, Factors, low_rank, maps, room, weights
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

PATCH = 8


def nearest(pairs: Tensor, table: Tensor) -> Tensor:
    """The row of the table that is nearest to each pair."""
    return (table.square().sum(1) - 2 * pairs @ table.T).argmin(1)


def spread_out(pairs: Tensor, table: Tensor, times: int) -> Tensor:
    """A table by k-means from a first one."""
    for _ in range(times):
        at = nearest(pairs, table)
        counts = torch.bincount(at, minlength=len(table)).clamp(min=1)[:, None]
        sums = torch.zeros_like(table).index_add_(0, at, pairs)
        table = torch.where(torch.bincount(at, minlength=len(table))[:, None] > 0, sums / counts, table)
    return table


class Bent(nn.Module):
    """x + a small network of it, nothing at the start."""

    def __init__(self, rise: Tensor):
        super().__init__()
        self.rise, self.bias = nn.Parameter(rise), nn.Parameter(rise.new_zeros(len(rise)))
        self.out = nn.Parameter(torch.zeros_like(rise.T))

    def forward(self, x: Tensor) -> Tensor:
        return x + F.linear(F.gelu(F.linear(x, self.rise, self.bias)), self.out)


class Reallm(CompressionMethod):
    card = Card(
        title="ReALLM",
        papers=(Paper("ReALLM: A general framework for LLM compression and fine-tuning", 2024, arxiv="2405.13155"),),
        fidelity="core",
        claims=(Beats("round-to-nearest", on="bits_per_byte", setting="low-bit"),
                Beats("loft-q", on="bits_per_byte", setting="low-bit-tuned")),
    )

    fitting: int = param(100, "steps that fit encoder, table and decoder", low=0, high=1000)

    def compress(self, net, task):
        code = 2 if task.steps else 3
        bits, places = room(net, task.budget), list(maps(net))
        rows = sum(len(linear.weight) for _, _, linear in places)
        tables = WORD * (4 ** code * 2 + 16 * (2 * PATCH + 1))
        rank = rank_for(net, bits - code, WORD * rows + tables)
        thin = [low_rank(linear.weight, rank) for _, _, linear in places]
        rests = [linear.weight.detach() - a @ b for (_, _, linear), (a, b) in zip(places, thin, strict=True)]
        scales = [rest.square().mean(1, keepdim=True).sqrt().clamp(min=1e-8) for rest in rests]
        patches = torch.cat([(rest / s).reshape(-1, PATCH) for rest, s in zip(rests, scales, strict=True)])
        made, whole = self.coded(patches, code, task), weights(net)
        for (holder, name, linear), (a, b), scale in zip(places, thin, scales, strict=True):
            part, made = made[:linear.weight.numel() // PATCH], made[linear.weight.numel() // PATCH:]
            near = part.reshape(linear.weight.shape) * scale
            share = linear.weight.numel() / whole
            setattr(holder, name, Coded(linear, near, code * near.numel() + WORD * len(near) + share * tables,
                                        Factors(a, b)))
        return net

    @torch.enable_grad()
    def coded(self, patches: Tensor, code: int, task) -> Tensor:
        """Patches as they come back from their codes."""
        generator = task.generator
        encoder, decoder = (Bent(torch.randn(16, PATCH, generator=generator, device=patches.device) / PATCH ** 0.5)
                            for _ in range(2))
        some = patches[torch.randperm(len(patches), generator=generator, device=patches.device)[:4096]]
        pairs = some.reshape(-1, 2)
        table = nn.Parameter(spread_out(pairs, pairs[:4 ** code].clone(), 10))
        optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters(), table], 3e-3)
        for _ in range(self.fitting):
            x = patches[torch.randint(len(patches), (512,), generator=generator, device=patches.device)]
            z = encoder(x)
            q = table[nearest(z.detach().reshape(-1, 2), table.detach())].view_as(z)
            loss = (F.mse_loss(decoder(z + (q - z).detach()), x) + F.mse_loss(q, z.detach())
                    + 0.25 * F.mse_loss(z, q.detach()))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            z = encoder(patches)
            return decoder(table[nearest(z.reshape(-1, 2), table)].view_as(z))
