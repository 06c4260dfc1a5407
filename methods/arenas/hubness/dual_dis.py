"""DualDIS: two inverted softmaxes, each only where its bank knows the hub.

As QB-Norm does for a bank of questions, each factor of DualIS is gated: a row is normalised over a bank only if its
nearest answer is one that some item of that bank finds first. A row that neither bank knows is left alone.

    score(q, .) = f1(q, .) * f2(q, .),
    f_i = exp(beta_i s(q, .)) / sum_x exp(beta_i s(x, .)) over bank i   if argmax_g s(q, g) in A_i, else s(q, .)

Departs from the paper: a factor that is not active is exp(beta_i s(q, .)) and not s(q, .) itself, so that both factors
of a row are on one scale, also where a cosine is negative.

>>> import torch
>>> from methods.arenas.hubness.arena import Banks
>>> banks = Banks(torch.tensor([[0.5, 0.0]]), torch.tensor([[0.25, 0.5]]), None)
>>> DualDis(beta1=1.0, beta2=1.0).rescore(torch.tensor([[0.5, 0.25]]), banks).tolist()   # the first is active in one
[[0.5, 0.5]]
"""

import torch

from methods.arenas.hubness.arena import HubnessMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class DualDis(HubnessMethod):
    card = Card(
        title="DualDIS",
        papers=(Paper("Balance Act: Mitigating Hubness in Cross-Modal Retrieval with Query and Gallery Banks", 2023,
                      arxiv="2310.11612", covers="the dynamic form, gated by what the banks find"),),
        fidelity="core",
        claims=(Beats("cosine", on="r1"), Beats("qb-norm", on="r1"), Beats("qb-norm", on="skewness")),
    )

    beta1: float = param(20.0, "inverse temperature over the query bank", low=0.1, high=200.0)
    beta2: float = param(5.0, "inverse temperature over the gallery bank", low=0.1, high=200.0)
    k: int = param(1, "answers that each item of a bank makes active", low=1, high=20)

    def rescore(self, similarity, banks):
        nearest, scores = similarity.argmax(1), (self.beta1 + self.beta2) * similarity
        for beta, bank in ((self.beta1, banks.queries), (self.beta2, banks.gallery)):
            active = torch.zeros(similarity.shape[1], dtype=torch.bool)
            active[bank.topk(self.k, dim=1).indices.flatten()] = True
            scores = scores - active[nearest][:, None] * (beta * bank).logsumexp(0)
        return scores
