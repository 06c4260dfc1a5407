"""Inverted softmax: ask which question an answer would choose.

A softmax over answers leaves every question with a favourite, and hubs are the favourite of many. Normalised the other
way, over the questions of a bank, an answer has one portion to give: a hub spreads it thin. The question's own
normaliser is the same for all its answers and leaves their order alone.

    score(q, g) = exp(beta s(q, g)) / sum_b exp(beta s(b, g)),   b in the query bank

Departs from the paper: it chooses beta by the likelihood of the training dictionary; here it is chosen like that of
every method, by the rank of held-out pairs.

>>> import torch
>>> from methods.arenas.hubness.arena import Banks
>>> bank = Banks(torch.tensor([[0.5, 0.0]]), None, None)
>>> InvertedSoftmax(beta=1.0).rescore(torch.tensor([[0.5, 0.25]]), bank).tolist()       # logarithms
[[0.0, 0.25]]
"""

from methods.arenas.hubness.arena import HubnessMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class InvertedSoftmax(HubnessMethod):
    card = Card(
        title="Inverted softmax",
        papers=(Paper("Offline bilingual word vectors, orthogonal transformations and the inverted softmax", 2017,
                      arxiv="1702.03859", covers="the softmax, not the orthogonal map"),),
        fidelity="core",
        claims=(Beats("cosine", on="r1"),),
    )

    beta: float = param(20.0, "inverse temperature", low=0.1, high=200.0)

    def rescore(self, similarity, banks):
        return self.beta * similarity - (self.beta * banks.queries).logsumexp(0)
