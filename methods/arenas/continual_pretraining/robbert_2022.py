"""RobBERT-2022: give a trained model pieces for new words, each the mean of the old pieces it is made of.

    V' = V + 64 pieces that byte-pair encoding finds in the new text;   e(w) = mean of e(v), v in old pieces of w;
    then plain continued training in the new pieces

Departs from the paper: a causal model; 64 pieces; a new language in place of new years of one.

>>> import torch
>>> mean_rows(torch.tensor([[1.0], [3.0], [5.0]]), [[0, 1], [0, 1, 2]]).tolist()
[[2.0], [3.0]]
"""

import torch

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.arenas.continual_pretraining.stage.pieces import NewPieces
from methods.kit.method import Beats, Card, Paper


def mean_rows(table, old):
    """(M, D) the mean of the rows of each new piece's old ones."""
    return torch.stack([table[parts].mean(0) for parts in old])


class Robbert2022(NewPieces, ContinualPretrainingMethod):
    card = Card(
        title="RobBERT-2022",
        papers=(Paper("RobBERT-2022: Updating a Dutch Language Model to Account for Evolving Language Use", 2022,
                      arxiv="2211.08192"),),
        fidelity="core",
        claims=(Beats("naive", on="new_bpb", by=0.03), Beats("random-new-pieces", on="new_bpb")),
    )
    rate_factor = 1 / 3

    def rows(self, net, old, task):
        return mean_rows(net.embed.weight.detach(), old)
