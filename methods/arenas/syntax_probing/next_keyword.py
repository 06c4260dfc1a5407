"""Nearest word: the head is the nearest earlier token of the kind that heads of the relation most often are.

Words are Python's keywords and signs, and names, numbers and strings as a kind each. For each relation the word is
taken whose nearest occurrence is the head most often among the edges for learning.

    head(i) = max {j < i : word(j) = w},   w = argmax_w #{(i, j) : head(i) = j}

Departs from the paper: five relations, dependents ask for their heads, so the nearest word is sought before the token.

>>> import torch
>>> nearest(torch.tensor([[4, 2, 4, 1]]), torch.tensor([3]), 4).tolist()          # tokens 0 and 2 are the word
[2]
"""

import torch

from methods.arenas.syntax_probing.arena import SyntaxProbingMethod
from methods.kit.method import Beats, Card, Paper


def nearest(words, query, word):
    """(E,) the last place before `query` that holds the word; -1 if none does."""
    place = torch.arange(words.shape[1], device=words.device)
    return torch.where((words == word) & (place < query[:, None]), place, -1).max(1).values


class NextKeyword(SyntaxProbingMethod):
    card = Card(
        title="Nearest word of a kind",
        papers=(Paper("Benchmarking Language Models for Code Syntax Understanding", 2022, arxiv="2210.14473",
                      covers="the keyword baseline"),),
        fidelity="core",
        claims=(Beats("code-syntax", on="edge_accuracy"),),
    )

    def fit(self, edges):
        self.word = []
        for relation in range(edges.relations):
            at = edges.of(relation)
            right = [int((nearest(edges.words[at], edges.query[at], w) == edges.known[at]).sum())
                     for w in range(edges.kinds)]
            self.word.append(max(range(edges.kinds), key=right.__getitem__))

    def scores(self, edges):
        word = torch.tensor(self.word, device=edges.query.device)[edges.relation]
        same = edges.words == word[:, None]
        return same * (1.0 + torch.arange(edges.words.shape[1], device=word.device))
