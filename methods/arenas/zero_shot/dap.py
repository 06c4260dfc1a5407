"""DAP: kinds by their attributes, each attribute on its own.

Seven bits are measured on a drawing; the likeliest kind is the one under which they are likeliest if, given the kind,
each were drawn for itself.

    p(c given a) ~ prod_j A_cj^a_j (1 - A_cj)^(1 - a_j),   A_cj = share of kind c that has attribute j

Departs from the paper: attributes are measured and not predicted, so that no detector is trained; a kind has a share of
each attribute, where the paper's kinds have it or not; how common each attribute is overall does not matter then, and
all kinds are equally common. Where unseen kinds have only a name, their shares are predicted from it by a ridge
regression.

>>> import torch
>>> [round(v, 4) for v in log_likelihood(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.5, 0.2]])).exp()[0].tolist()]
[0.4]
"""

from methods.arenas.zero_shot.arena import ZeroShotMethod
from methods.kit.method import Card, Paper


def log_likelihood(bits, shares):
    """(N, C) of bits (N, B) under shares (C, B)."""
    return bits @ shares.log().T + (1 - bits) @ (1 - shares).log().T


class Dap(ZeroShotMethod):
    card = Card(
        title="DAP",
        papers=(Paper("Attribute-Based Classification for Zero-Shot Visual Object Categorization", 2014),),
        fidelity="core",
    )

    def fit(self, task):
        """Nothing is learnt: the description of the kinds is all."""

    def scores(self, x, task):
        return log_likelihood(task.bits(x), task.attributes)
