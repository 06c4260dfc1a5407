"""CodeSyntax: the single attention head that points at the head of a relation most often.

Every head of the model is a predictor: the token it attends to most is its answer. For each relation the head that is
right most often on the files for choosing is asked about other files, and set beside the offset and the nearest word.

    head(i) = argmax_j A_k[i, j],   k = argmax_k #{(i, j) : argmax_j' A_k[i, j'] = j}

Departs from the paper: five relations between whole tokens where it has more, the model is small, reads bytes and to
the left alone, so dependents ask for their heads and not the other way round; a head is chosen on other files than
those it is asked about.

>>> import torch
>>> maps = torch.tensor([[[0.9, 0.1, 0.0], [0.2, 0.7, 0.1]]])             # one edge, two heads
>>> best(maps, torch.tensor([[True, True, False]]), torch.tensor([1]))
1
"""

import torch

from methods.arenas.syntax_probing.arena import SyntaxProbingMethod
from methods.kit.method import Beats, Card, Paper


def best(maps, earlier, head):
    """The number of the head that attends most to the right token most often."""
    said = maps.masked_fill(~earlier[:, None], -1).argmax(2)
    return int((said == head[:, None]).sum(0).argmax())


class CodeSyntax(SyntaxProbingMethod):
    card = Card(
        title="CodeSyntax: best attention head",
        papers=(Paper("Benchmarking Language Models for Code Syntax Understanding", 2022, arxiv="2210.14473"),),
        fidelity="core",
        claims=(Beats("random-head", on="edge_accuracy"),),
    )

    def fit(self, edges):
        rows = [edges.of(r) for r in range(edges.relations)]
        self.chosen = torch.tensor([best(edges.attention[at], edges.earlier[at], edges.known[at]) for at in rows],
                                   device=edges.query.device)

    def scores(self, edges):
        return edges.attention[torch.arange(len(edges.query)), self.chosen[edges.relation]]
