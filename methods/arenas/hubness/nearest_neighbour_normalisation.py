"""Nearest neighbour normalisation: a bias for every answer, from the bank's nearest questions.

What an answer is near to in general is estimated by the mean of its k highest similarities to a bank of reference
questions. A share alpha of that is taken off all its scores. It costs one number per answer, kept beside the index.

    score(q, g) = s(q, g) - alpha mean of the k largest s(b, g),   b in the query bank

At alpha = 1/2 it orders as CSLS does.

Departs from the paper: alpha and k are chosen as for every method here, not on the bank itself.

>>> import torch
>>> from methods.arenas.hubness.arena import Banks
>>> bank = Banks(torch.tensor([[0.5, 0.0], [0.25, 0.0]]), None, None)
>>> NearestNeighbourNormalisation(alpha=1.0, k=1).rescore(torch.tensor([[0.5, 0.25]]), bank).tolist()
[[0.0, 0.25]]
"""

from methods.arenas.hubness.arena import HubnessMethod
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class NearestNeighbourNormalisation(HubnessMethod):
    card = Card(
        title="Nearest neighbour normalisation",
        papers=(Paper("Nearest Neighbor Normalization Improves Multimodal Retrieval", 2024, arxiv="2410.24114"),),
        fidelity="core",
        claims=(Beats("cosine", on="r1"), Matches("qb-norm", on="r1", within=0.5)),
        reduces_to=("csls", {"alpha": 0.5, "k": 10}),
    )

    alpha: float = param(0.75, "share of an answer's usual similarity that is taken off", low=0.0, high=2.0)
    k: int = param(20, "nearest questions of the bank that say what is usual", low=1, high=256)

    def rescore(self, similarity, banks):
        usual = banks.queries.topk(min(self.k, len(banks.queries)), dim=0).values.mean(0)
        return similarity - self.alpha * usual
