"""Random head: believe any attention head, one for each relation.

    head(i) = argmax_j A_k[i, j],   k drawn

Follows the textbook.

>>> import torch
>>> drawn(3, 16, torch.Generator().manual_seed(0)).shape
torch.Size([3])
"""

import torch

from methods.arenas.syntax_probing.arena import SyntaxProbingMethod
from methods.kit.method import Card


def drawn(many, heads, generator):
    """(many,) heads, each as likely."""
    return torch.randint(heads, (many,), generator=generator)


class RandomHead(SyntaxProbingMethod):
    card = Card(title="Random attention head")

    def fit(self, edges):
        self.chosen = drawn(edges.relations, edges.attention.shape[1], edges.trial.generator("heads"))

    def scores(self, edges):
        return edges.attention[torch.arange(len(edges.query)), self.chosen.to(edges.query.device)[edges.relation]]
