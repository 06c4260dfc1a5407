"""Query by committee: label where classifiers trained on resampled labels do not agree.

Several classifiers are trained on random variants of the labels so far and vote on each item. Where the votes are
spread the labels do not settle the answer yet, so these items are asked. Ties, of which there are many, are broken at
random. The classifier that is scored is the usual one.

    ask the k items with the largest  -sum_c (v_c / m) log (v_c / m),   v_c of m votes for class c

Departs from the paper: a committee by bagging as in the paper on resampling, with weights drawn from the Bayesian
bootstrap instead of items drawn anew; vote entropy, of which they have another form for two classes; batches.

>>> import torch
>>> [round(float(e), 3) for e in vote_entropy(torch.tensor([[0, 1], [0, 2], [0, 2], [0, 1]]), 3)]       # log 2
[0.0, 0.693]
"""

import torch
import torch.nn.functional as F

from methods.arenas.active_learning.arena import ActiveMethod
from methods.kit.method import Card, Paper
from methods.kit.params import param


def vote_entropy(votes, classes):
    """Entropy (N,) of the votes (m, N) of a committee."""
    return torch.special.entr(F.one_hot(votes, classes).float().mean(0)).sum(1)


class QueryByCommittee(ActiveMethod):
    card = Card(
        title="Query by committee",
        papers=(Paper("Query by Committee", 1992, covers="asking where a committee is split"),
                Paper("Query Learning Strategies Using Boosting and Bagging", 1998,
                      covers="a committee by resampling the labels")),
        fidelity="core",
    )

    members: int = param(10, "classifiers in the committee", low=2, high=30)

    def query(self, task, k):
        committee, _ = task.committee(*task.wanted, self.members)
        split = vote_entropy(committee.each(task.x[task.open]).argmax(2), task.classes)
        mixed = torch.randperm(len(split))
        return task.open[mixed[split[mixed].sort(descending=True, stable=True).indices[:k]]]
