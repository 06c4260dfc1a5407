"""BALD: label where each likely classifier is sure, and they are sure of different things.

The information that a label would give about the classifier is the entropy of the mean prediction less the mean entropy
of the predictions. An item that every likely classifier finds ambiguous by itself has none, however flat its
prediction. Likely classifiers are drawn by dropout: a regression trained under it, and masks drawn anew when asked.

    ask the k items with the largest  H(mean_m p_m) - mean_m H(p_m)

Departs from the paper: dropout is on fixed features, before a logistic regression that is trained on ten masks of each
labelled item, not in the layers of a network; the classifier that is scored is the usual one. Items of a batch are
scored one by one, as there. Resampled labels in place of dropout were tried first, and left when their scores were seen
(54 where asking at random has 65).

>>> import torch
>>> p = torch.tensor([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]])          # sure of two things; unsure alike
>>> [round(float(each), 4) for each in information(p)]
[0.6931, 0.0]
"""

import torch
import torch.nn.functional as F

from methods.arenas.active_learning.arena import ActiveMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def information(p):
    """Mutual information (N,) of the label and the classifier, from predictions (m, N, C)."""
    return torch.special.entr(p.mean(0)).sum(1) - torch.special.entr(p).sum(2).mean(0)


class Bald(ActiveMethod):
    card = Card(
        title="BALD",
        papers=(Paper("Bayesian Active Learning for Classification and Preference Learning", 2011, arxiv="1112.5745",
                      covers="the criterion"),
                Paper("Deep Bayesian Active Learning with Image Data", 2017, arxiv="1703.02910",
                      covers="predictions by dropout, several classes")),
        fidelity="core",
        claims=(Beats("random", on="area"),),
    )

    members: int = param(10, "masks drawn", low=2, high=30)
    rate: float = param(0.5, "share of the features dropped", low=0.1, high=0.9)

    def query(self, task, k):
        x, y = task.wanted
        masked = F.dropout(x.repeat(self.members, 1), self.rate)
        drawn = task.logistic(masked, y.repeat(self.members), weights=x.new_full((1, len(masked)), 1 / self.members))
        pool = task.x[task.open]
        p = torch.stack([drawn(F.dropout(pool, self.rate)).softmax(1) for _ in range(self.members)])
        return task.open[information(p).topk(k).indices]
