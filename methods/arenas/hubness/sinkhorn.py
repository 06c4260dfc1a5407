"""Sinkhorn normalisation: every answer is given as often as every question, with all questions at hand.

Rows and columns of exp(beta s) are scaled by turns until both sum to the same: the entropic optimal transport between
questions and answers. Nobody can be found more than once on average. It needs all questions of the test together, and
that each has an answer of its own, which no search engine knows.

    P = diag(u) exp(beta s) diag(v),   u, v such that rows sum to 1 and columns to Q / G

Follows the textbook, with a fixed number of turns.

>>> import torch
>>> Sinkhorn(beta=1.0).rescore(torch.zeros(2, 2), None).exp().tolist()
[[0.5, 0.5], [0.5, 0.5]]
"""

from methods.arenas.hubness.arena import HubnessMethod
from methods.kit.method import Beats, Card
from methods.kit.params import param


class Sinkhorn(HubnessMethod):
    card = Card(
        title="Sinkhorn normalisation (sees all questions)",
        claims=(Beats("cosine", on="r1"),),
        waivers={"leaves-other-rows-alone": "it balances all questions of the test, which is its idea"},
    )

    beta: float = param(20.0, "inverse temperature", low=0.1, high=200.0)
    turns: int = param(20, "times that rows and columns are scaled", low=1, high=100)

    def rescore(self, similarity, banks):
        plan = self.beta * similarity
        for _ in range(self.turns):
            plan = plan - plan.logsumexp(0)
            plan = plan - plan.logsumexp(1, keepdim=True)
        return plan
