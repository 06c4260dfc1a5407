"""FixMatch: name a picture in a weak view, where one is sure, and learn that name in a strong view.

    loss = CE(y, p(weak x)) + lam mean_u [max q >= tau] CE(argmax q, p(strong u)),   q = p(weak u), no gradient

Departs from the paper: network, views and optimiser are the arena's, and the trained weights are asked, not their
average; tau and lam are the paper's.

>>> import torch
>>> weak = torch.tensor([[4.0, 0.0], [0.0, 0.0]])
>>> round(guessed(weak, torch.zeros(2, 2), 0.95).item(), 4)                 # of two, one is sure: log(2) / 2
0.3466
"""

import torch
import torch.nn.functional as F

from methods.arenas.semi_supervised.arena import SemiSupervisedMethod
from methods.arenas.semi_supervised.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def guessed(weak, strong, tau):
    """Mean over all of the loss of those whose weak view is named with a probability of at least tau."""
    top, named = weak.detach().softmax(1).max(1)
    return (F.cross_entropy(strong, named, reduction="none") * (top >= tau)).mean()


class Fixmatch(SemiSupervisedMethod):
    card = Card(
        title="FixMatch",
        papers=(Paper("FixMatch: Simplifying Semi-Supervised Learning with Consistency and Confidence", 2020,
                      arxiv="2001.07685"),),
        fidelity="faithful",
        claims=(Beats("labels-only", on="accuracy"), Beats("pseudo-label", on="accuracy"),
                Beats("mean-teacher", on="accuracy")),
    )

    rate: float = rate_factor(3.0)
    tau: float = param(0.95, "probability from which a guess counts", low=0.0, high=0.999)
    lam: float = param(1.0, "weight of pictures without labels", low=0.0, high=10.0)

    def loss(self, net, batch, task):
        sizes = [len(batch.x), len(batch.weak), len(batch.strong)]
        x, weak, strong = net(torch.cat([batch.x, batch.weak, batch.strong])).split(sizes)
        return F.cross_entropy(x, batch.y) + self.lam * guessed(weak, strong, self.tau)
