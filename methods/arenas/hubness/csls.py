"""CSLS: take off what an answer is near to anyway.

Cross-domain similarity local scaling takes from twice the similarity how near the question's nearest answers are and
how near the answer's nearest questions are. An answer in a crowd has near questions on every side and must be nearer
still; one that stands apart is forgiven its distance.

    score(q, g) = 2 s(q, g) - r(q) - r(g),   r(g) = mean of the k largest s(b, g) over the query bank

The term r(q) is the same for all answers of a question and leaves their order alone.

Departs from the paper: r(g) is taken over the bank, where the paper has all source words before it.

>>> import torch
>>> from methods.arenas.hubness.arena import Banks
>>> bank = Banks(torch.tensor([[0.5, 0.0], [0.25, 0.0]]), None, None)
>>> Csls(k=1).rescore(torch.tensor([[0.5, 0.25]]), bank).tolist()
[[0.5, 0.5]]
"""

from methods.arenas.hubness.arena import HubnessMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Csls(HubnessMethod):
    card = Card(
        title="CSLS",
        papers=(Paper("Word Translation Without Parallel Data", 2017, arxiv="1710.04087",
                      covers="the similarity, not the adversarial map"),),
        fidelity="core",
        claims=(Beats("cosine", on="r1"), Beats("inverted-softmax", on="r1")),
    )

    k: int = param(10, "nearest questions of the bank that say how crowded an answer is", low=1, high=100)

    def rescore(self, similarity, banks):
        return 2 * similarity - banks.queries.topk(min(self.k, len(banks.queries)), dim=0).values.mean(0)
