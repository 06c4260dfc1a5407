"""BIOptimus: a new piece begins with what the old model makes of it in its contexts.

The old model reads passages of the new text. Its last states say, in the space of the embeddings, which piece it
expects; those that stand for the old pieces of a new one are averaged over pieces and places.

    s(w) = mean over places of w, mean over its old pieces j of h_j;   e(w) = s(w), moved to the mean and deviation that
    embeddings have

Departs from the paper: a causal model, whose state before a piece stands for it; states are brought to where the
embeddings are, without which (seen on seeds that are never scored) new pieces are expected everywhere; no curriculum of
masks, since nothing is masked; a piece that is nowhere has the mean of its old pieces.

>>> import torch
>>> at = places(torch.tensor([[7, 1, 2, 1, 2]]), [1, 2])
>>> at.tolist()                                                    # where 1, 2 begins, the first piece left out
[[True, False, True]]
"""

import torch

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.arenas.continual_pretraining.stage.pieces import NewPieces
from methods.kit.method import Beats, Card, Paper


def places(windows, parts):
    """(N, T - len(parts)) where the parts stand in a row, counted from the second piece of a window on."""
    wide = windows.shape[1] - len(parts)
    return torch.stack([windows[:, 1 + j:1 + j + wide] == part for j, part in enumerate(parts)]).all(0)


def placed(row, states, table):
    """A mean of states as an embedding: the same number of deviations from the mean, in every dimension."""
    return table.mean(0) + (row - states.mean(0)) / states.std(0) * table.std(0)


class Bioptimus(NewPieces, ContinualPretrainingMethod):
    card = Card(
        title="BIOptimus",
        papers=(Paper("BIOptimus: Pre-training an Optimal Biomedical Language Model with Curriculum Learning for "
                      "Named Entity Recognition", 2023, arxiv="2308.08625"),),
        fidelity="core",
        claims=(Beats("random-new-pieces", on="new_bpb", by=0.05), Beats("robbert-2022", on="new_bpb", by=0.01)),
    )
    rate_factor = 1 / 3

    def rows(self, net, old, task):
        windows, table = task.new[:512].long(), net.embed.weight.detach()
        with torch.no_grad():
            states = net.norm(net.states(windows)[-1])
        at = [places(windows, parts) for parts in old]
        found = [torch.stack([states[:, j:j + here.shape[1]][here].mean(0) for j in range(len(parts))]).mean(0)
                 if here.any() else None for parts, here in zip(old, at, strict=True)]      # states expect what follows
        return torch.stack([table[parts].mean(0) if row is None else placed(row, states.flatten(0, 1), table)
                            for parts, row in zip(old, found, strict=True)])
