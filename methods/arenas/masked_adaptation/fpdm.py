"""FPDM: documents as rows of frozen window vectors; which share a kind, and what kind, is learnt before words are read.

    v = mean of frozen states; d = mean of blocks over (v_1 ... v_8)
    L = max(0, 1 + |d - d+| - |d - d-|) + CE(kind of d) + CE(group of kind of d)

d+ is a document of the same genre, d- of another. Then the blocks read words again.

Departs from the paper: any eight windows of a genre stand for a document; two levels of kinds; vectors are the start's
own states, as wide as its words. In `passages` the kinds that are asked are made of genres, so it has learnt from the
genres of the domain what others are not told; in `code` a file's number stands for a genre.

>>> Fpdm.__name__, Fpdm().adapts
('Fpdm', True)
"""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.kit.method import Card, Matches, Paper

WINDOWS, GENRES, INFORMING = 8, 15, 9


class Fpdm(MaskedAdaptationMethod):
    card = Card(
        title="FPDM",
        papers=(Paper("FPDM: Domain-Specific Fast Pre-training Technique using Document-Level Metadata", 2023,
                      arxiv="2306.06190"),),
        fidelity="core",
        claims=(Matches("dapt", on="log_loss", within=0.05, cost="seconds"),),
    )

    def prepare(self, task):
        net = task.start()
        frozen = copy.deepcopy(net)
        with torch.no_grad():
            self.vectors = torch.cat([frozen.read(ids).last.mean(1) for ids in task.texts["domain"].split(200)])
        task.add("kind", nn.Linear(net.width, GENRES))
        task.add("group", nn.Linear(net.width, 2))
        return net

    def documents(self, net, task):
        """(B, D) documents, (B,) their genres: of as many genres as a batch has, two documents each."""
        kinds = task.genres.unique()
        some = kinds[torch.randperm(len(kinds), generator=task.generator)[:task.size // 2].to(task.device)]
        genres = some.repeat(2)
        lots = task.lots(len(genres), len(task.genres)) * (genres[:, None] == task.genres)
        rows = lots.topk(min(WINDOWS, lots.shape[1]), 1).indices
        x = self.vectors[rows] + net.place[:rows.shape[1]]
        for block in net.blocks:
            x, _ = block(x)
        return net.norm(x).mean(1), genres

    def loss(self, net, task):
        d, genres = self.documents(net, task)
        kinds = F.cross_entropy(task.parts["kind"](d), genres)
        groups = F.cross_entropy(task.parts["group"](d), (genres >= INFORMING).long())
        a, b = d.chunk(2)
        if len(a) < 2:
            return kinds + groups
        triplet = F.relu(1 + (a - b).norm(dim=1) - (a - b.roll(1, 0)).norm(dim=1)).mean()
        return triplet + kinds + groups
