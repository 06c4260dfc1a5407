"""Mean centring: measure similarity from where the questions are, not from the origin.

What lies near the centroid of the questions is similar to all of them. With the origin moved into that centroid no
direction is favoured: the inner product of a centred question with a body is its similarity less the mean similarity of
all questions to that body.

    score(q, g) = s(q, g) - mean_b s(b, g)

Departs from the paper: it centres one set of objects that are questions and answers at once; here the centroid is that
of the query bank, for the questions of the test are not known together.

>>> import torch
>>> from methods.arenas.hubness.arena import Banks
>>> bank = Banks(torch.tensor([[0.5, 0.0], [0.25, 0.0]]), None, None)
>>> MeanCentring().rescore(torch.tensor([[0.5, 0.25]]), bank).tolist()           # a hub of 0.375 comes down
[[0.125, 0.25]]
"""

from methods.arenas.hubness.arena import HubnessMethod
from methods.kit.method import Beats, Card, Paper


class MeanCentring(HubnessMethod):
    card = Card(
        title="Mean centring",
        papers=(Paper("Centering Similarity Measures to Reduce Hubs", 2013, covers="centring, not weighted centring"),),
        fidelity="core",
        claims=(Beats("cosine", on="skewness"),),
    )

    def rescore(self, similarity, banks):
        return similarity - banks.queries.mean(0)
