"""Offset: the head is as many tokens back as it most often is.

For each relation the offset that is right most often among the edges for learning, whatever the model does.

    head(i) = i - argmax_d #{(i, j) : i - j = d}

Departs from the paper: five relations, and dependents ask for their heads, which lie before them.

>>> import torch
>>> commonest(torch.tensor([5, 7, 9]), torch.tensor([3, 5, 2]), 10)
2
"""

import torch

from methods.arenas.syntax_probing.arena import SyntaxProbingMethod
from methods.kit.method import Beats, Card, Paper


def commonest(query, head, room):
    """The offset that occurs most often; 1 if there are no edges."""
    return int(torch.bincount(query - head, minlength=room).argmax()) if len(query) else 1


class Offset(SyntaxProbingMethod):
    card = Card(
        title="Constant offset",
        papers=(Paper("Benchmarking Language Models for Code Syntax Understanding", 2022, arxiv="2210.14473",
                      covers="the offset baseline"),),
        fidelity="core",
        claims=(Beats("code-syntax", on="edge_accuracy"),),
    )

    def fit(self, edges):
        rows = [edges.of(r) for r in range(edges.relations)]
        self.back = torch.tensor([commonest(edges.query[at], edges.known[at], edges.words.shape[1]) for at in rows],
                                 device=edges.query.device)

    def scores(self, edges):
        wanted = edges.query - self.back[edges.relation]
        return -(torch.arange(edges.words.shape[1], device=wanted.device) - wanted[:, None]).abs().float()
