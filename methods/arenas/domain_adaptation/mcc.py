"""MCC: let no two classes be taken for each other on the target.

An unsure answer names the classes it hesitates between. Over a batch, how often two classes share an answer's
probability makes a matrix of confusions, of which everything off the diagonal is to vanish. Probabilities are softened
first, surer answers count more, and each class's row is scaled to one, so that rare classes count as much as common.

    Y = softmax(logits / T),   W = 1 + exp(-H(Y)), scaled to mean one,   C = Y^T W Y, rows scaled to sum one
    loss = CE(source) + mu / classes * sum_{j != k} C_jk

Where the source is gone, the confusion alone is left, on the whole network.

Departs from the paper: the network is pretrained on the source and its rate stays constant.

>>> import torch
>>> round(confusion(torch.tensor([[0.0, 0.0]]), 2.5).item(), 4)              # half of each row is off the diagonal
0.5
"""

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import entropy
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def confusion(logits, t):
    """Mean share of a class's row in the matrix of confusions that is off the diagonal; no gradient by the weights."""
    p = (logits / t).softmax(1)
    trust = 1 + (-entropy(p.detach())).exp()
    shared = p.T @ (p * (trust / trust.mean())[:, None])
    return 1 - (shared / shared.sum(1, keepdim=True)).diagonal().mean()


class Mcc(DomainAdaptationMethod):
    card = Card(
        title="Minimum class confusion",
        papers=(Paper("Minimum Class Confusion for Versatile Domain Adaptation", 2019, arxiv="1912.03699"),),
        fidelity="faithful",
        claims=(Beats("source-only", on="target_accuracy"), Beats("dann", on="target_accuracy"),
                Beats("mmd", on="target_accuracy"), Beats("entropy-minimisation", on="target_accuracy")),
    )

    t: float = param(2.5, "temperature that softens the answers", low=0.5, high=10.0)
    mu: float = param(1.0, "how much the confusion counts", low=0.0, high=3.0)

    def loss(self, net, task):
        _, x = task.target()
        supervised = self.supervised(net, task)
        if len(x) < 2:
            return supervised
        loss = self.mu * confusion(net(x), self.t)
        return loss if supervised is None else loss + supervised
