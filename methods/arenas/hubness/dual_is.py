"""DualIS: weigh answers against a bank of questions and against a bank of answers.

Questions of a bank show which answers are asked for too often; answers of a bank show which lie in the middle of their
own kind. An inverted softmax over each gives a score, and their product counts: who is a hub to either side comes down.

    score(q, g) = exp(beta1 s(q, g)) / sum_b exp(beta1 s(b, g)) * exp(beta2 s(q, g)) / sum_m exp(beta2 s(m, g)),
    b in the query bank, m in the gallery bank

Follows the paper. The authors' code hands the gallery bank's similarities on in the place of the questions', so it is
not followed there. Both temperatures are chosen as for every method here.

>>> import torch
>>> from methods.arenas.hubness.arena import Banks
>>> banks = Banks(torch.tensor([[0.5, 0.0]]), torch.tensor([[0.25, 0.5]]), None)
>>> DualIs(beta1=1.0, beta2=1.0).rescore(torch.tensor([[0.5, 0.25]]), banks).tolist()          # logarithms
[[0.25, 0.0]]
"""

from methods.arenas.hubness.arena import HubnessMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class DualIs(HubnessMethod):
    card = Card(
        title="DualIS",
        papers=(Paper("Balance Act: Mitigating Hubness in Cross-Modal Retrieval with Query and Gallery Banks", 2023,
                      arxiv="2310.11612", covers="the product of two inverted softmaxes"),),
        fidelity="faithful",
        claims=(Beats("cosine", on="r1"), Beats("inverted-softmax", on="r1"), Beats("inverted-softmax", on="skewness")),
    )

    beta1: float = param(20.0, "inverse temperature over the query bank", low=0.1, high=200.0)
    beta2: float = param(5.0, "inverse temperature over the gallery bank", low=0.1, high=200.0)

    def rescore(self, similarity, banks):
        return ((self.beta1 + self.beta2) * similarity - (self.beta1 * banks.queries).logsumexp(0)
                - (self.beta2 * banks.gallery).logsumexp(0))
