"""QB-Norm: correct only where a hub came first.

Inverted softmax corrects everybody, also where the bank of questions has nothing to do with what is asked. The dynamic
form first looks which answers the bank itself finds: these are active, hubs among them. Only a question whose nearest
answer is active has its whole row normalised over the bank; all others stay as they are.

    A = {argmax_g s(b, g): b in the query bank}
    score(q, .) = exp(beta s(q, .)) / sum_b exp(beta s(b, .))   if argmax_g s(q, g) in A, else s(q, .)

One answer of each question of the bank is active, and a row that is left alone keeps its own scale, as only the order
within a row counts. Beta 20 is the authors' choice and that of the grid here.

Follows the paper.

>>> import torch
>>> from methods.arenas.hubness.arena import Banks
>>> bank = Banks(torch.tensor([[0.5, 0.0]]), None, None)
>>> QbNorm(beta=1.0).rescore(torch.tensor([[0.5, 0.25], [0.25, 0.5]]), bank).tolist()     # the second asks for no hub
[[0.0, 0.25], [0.25, 0.5]]
"""

import torch

from methods.arenas.hubness.arena import HubnessMethod
from methods.kit.method import Beats, Card, Paper, Withstands
from methods.kit.params import param


class QbNorm(HubnessMethod):
    card = Card(
        title="QB-Norm",
        papers=(Paper("Cross Modal Retrieval with Querybank Normalisation", 2021, arxiv="2112.12777"),),
        fidelity="faithful",
        claims=(Beats("cosine", on="r1"), Beats("cosine", on="skewness"),
                Withstands("inverted-softmax", on="r1", to="far-bank")),
    )

    beta: float = param(20.0, "inverse temperature", low=0.1, high=200.0)
    k: int = param(1, "answers that each question of the bank makes active", low=1, high=20)

    def rescore(self, similarity, banks):
        active = torch.zeros(similarity.shape[1], dtype=torch.bool)
        active[banks.queries.topk(self.k, dim=1).indices.flatten()] = True
        corrected = self.beta * similarity - (self.beta * banks.queries).logsumexp(0)
        return torch.where(active[similarity.argmax(1)][:, None], corrected, similarity)
