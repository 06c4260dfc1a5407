"""Embedding probe: what can be told from the tokens and their distance, without attention.

A bilinear form of the embeddings of both tokens' last bytes, over their deviation, of rank 16 for each relation, and a
number for each distance.

    p(j is the head of i) = softmax_j ((P_r e_i)^T (Q_r e_j) + b_r,i-j)

A reference for the attention probe: no head of the model has a part in it. 400 steps of Adam at 0.01.

>>> import torch
>>> form(torch.tensor([[1.0, 2.0]]), torch.tensor([[[3.0, 4.0], [0.0, 1.0]]])).tolist()      # 3 + 8 and 2
[[11.0, 2.0]]
"""

import torch

from methods.arenas.syntax_probing.arena import SyntaxProbingMethod
from methods.arenas.syntax_probing.stage.probes import fitted
from methods.kit.method import Card
from methods.kit.params import param


def form(here, there):
    """(E, T) products of (E, R) with (E, T, R)."""
    return torch.einsum("er,etr->et", here, there)


class EmbeddingProbe(SyntaxProbingMethod):
    card = Card(title="Probe of embeddings and distance")

    rank: int = param(16, "rank of the bilinear form", low=1, high=64)

    def fit(self, edges):
        many, width, room = edges.relations, edges.here.shape[1], edges.words.shape[1]
        size = 0.3 / width ** 0.5
        self.p, self.q = (torch.randn(many, self.rank, width).to(edges.query.device).mul_(size).requires_grad_()
                          for _ in range(2))
        self.by_distance = torch.zeros(many, room, device=edges.query.device, requires_grad=True)
        self.scale = edges.there[edges.words >= 0].std()
        fitted([self.p, self.q, self.by_distance], lambda rows: self._said(edges, rows), edges, 0.01)

    def scores(self, edges):
        everything = torch.arange(len(edges.query), device=edges.query.device)
        return torch.cat([self._said(edges, rows) for rows in everything.split(1024)])

    def _said(self, edges, rows):
        r, back = edges.relation[rows], edges.query[rows][:, None] - torch.arange(edges.words.shape[1],
                                                                                device=rows.device)
        here = torch.einsum("ed,erd->er", edges.here[rows] / self.scale, self.p[r])
        there = torch.einsum("etd,erd->etr", edges.there[rows] / self.scale, self.q[r])
        return form(here, there) + self.by_distance[r].gather(1, back.clamp(min=0))
