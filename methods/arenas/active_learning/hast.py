"""HAST: pseudo-labels that an item's neighbours confirm, weighed down and balanced, and queries by margin.

After each answer the classifier names the open items. A name is kept if the classifier is sure enough and most of the
item's nearest neighbours got the same name. Kept items weigh a tenth of a labelled one, those of kinds that got few
names more and of kinds that got many less, and the classifier is trained again on both. What is asked next are ties.

    keep i:  max_c p_ic > 0.5,   majority name of the 14 nearest open items = argmax p_i, by more than half of them
    weight_i = beta * 10 / (1 + exp(-(mean_c n_c - n_y) / n_y)),   beta = 0.1,  n_c the kept names of class c,
    their mean rounded down

Departs from the paper: fixed features and logistic regression instead of a sentence encoder that is trained by contrast
in each round, pictures instead of texts; the ridge, not epochs, bounds the training. Thresholds, neighbours and weights
are those of the public code, which counts 15 neighbours with the item itself.

>>> import torch
>>> [round(w, 4) for w in weights(torch.tensor([0, 0, 0, 1]), 2).tolist()]   # mean 2: 10/(1+e^(1/3)), 10/(1+e^-1)
[4.1743, 4.1743, 4.1743, 7.3106]
>>> confirmed(torch.tensor([0, 0, 1]), torch.tensor([[1, 2], [0, 2], [0, 1]]), 2, 0.4).tolist()
[True, True, False]
"""

import torch
import torch.nn.functional as F

from methods.arenas.active_learning.arena import ActiveMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def weights(names, classes):
    """Weight (N,) of each kept name, before beta: 5 where a class has as many as the mean, towards 10 with fewer."""
    counts = F.one_hot(names, classes).sum(0)
    mean = len(names) // classes
    return 10 * torch.sigmoid((mean - counts[names]) / counts[names])


def confirmed(names, neighbours, classes, agreement):
    """Whether more than `agreement` of the neighbours (N, K) have one name, and it is the item's."""
    share, most = F.one_hot(names[neighbours], classes).float().mean(1).max(1)
    return (most == names) & (share > agreement)


class Hast(ActiveMethod):
    card = Card(
        title="HAST",
        papers=(Paper("Self-Training for Sample-Efficient Active Learning for Text Classification with Pre-Trained "
                      "Language Models", 2024, arxiv="2406.09206"),),
        fidelity="core",
        claims=(Beats("margin", on="area"), Beats("nest", on="area")),
        reduces_to=("margin", {"beta": 0.0}),
    )

    beta: float = param(0.1, "weight of a pseudo-label, against 1 for a label", low=0.0, high=1.0)
    sure: float = param(0.5, "how sure the classifier must be", low=0.0, high=0.9)
    agreement: float = param(0.5, "share of the neighbours that must agree", low=0.0, high=0.9)
    neighbours: int = param(15, "neighbours asked, the item itself among them", low=2, high=30)

    def query(self, task, k):
        best = task.probabilities(task.open).topk(2, dim=1).values
        return task.open[(best[:, 1] - best[:, 0]).topk(k).indices]

    def fit(self, task):
        (x, y), left = task.wanted, task.open
        first = task.logistic(x, y)
        p = first(task.x[left]).softmax(1)
        names, near = p.argmax(1), self.nearest(task, left)
        kept = confirmed(names, near, task.classes, self.agreement) & (p.amax(1) > self.sure)
        if not (self.beta and kept.any()):
            return first
        light = torch.cat([x.new_ones(len(y)), self.beta * weights(names[kept], task.classes)])
        return task.logistic(torch.cat([x, task.x[left[kept]]]), torch.cat([y, names[kept]]), weights=light[None],
                             start=first)

    def nearest(self, task, left):
        """Places in `left` (M, K - 1) of the nearest open items, by cosine, from a list made once a campaign."""
        if not task.turn:
            h, wide = F.normalize(task.x, dim=1), min(len(task.x), 4 * self.neighbours)
            self.list = torch.cat([(part @ h.T).topk(wide, dim=1).indices for part in h.split(1000)])
        place = torch.full((len(task.x),), -1, device=left.device)
        place[left] = torch.arange(len(left), device=left.device)
        near = place[self.list[left]]                                             # -1 where the neighbour has a label
        near = near.gather(1, (near < 0).long().sort(dim=1, stable=True).indices)[:, 1:self.neighbours]
        return near.where(near >= 0, near[:, :1])
