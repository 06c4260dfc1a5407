"""Globally corrected retrieval: take the answer that ranks the question best.

An answer near to everything ranks any one question low in its own list. So the search is turned round: each answer
orders the questions of a bank together with the one asked, and the answer wins in whose list the question stands
highest. Between equal ranks the cosine decides.

    score(q, g) = s(q, g) - #{b in the query bank: s(b, g) > s(q, g)}

Departs from the paper: the lists are of the bank alone, where the paper ranks among the questions of the test and more
besides. As there, the cosine is added to the rank, so that cosines more than one apart outweigh a rank.

>>> import torch
>>> from methods.arenas.hubness.arena import Banks
>>> bank = Banks(torch.tensor([[0.75, 0.0], [0.625, 0.0]]), None, None)
>>> GloballyCorrected().rescore(torch.tensor([[0.5, 0.25]]), bank).tolist()       # two questions come before it
[[-1.5, 0.25]]
"""

import torch

from methods.arenas.hubness.arena import HubnessMethod
from methods.kit.method import Beats, Card, Paper


class GloballyCorrected(HubnessMethod):
    card = Card(
        title="Globally corrected retrieval",
        papers=(Paper("Improving zero-shot learning by mitigating the hubness problem", 2014, arxiv="1412.6568"),),
        fidelity="core",
        claims=(Beats("cosine", on="r1"), Beats("cosine", on="skewness")),
    )

    def rescore(self, similarity, banks):
        lists = banks.queries.T.contiguous().sort(1).values                                           # (G, B) rising
        above = lists.shape[1] - torch.searchsorted(lists, similarity.T.contiguous(), right=True)     # (G, Q)
        return similarity - above.T
