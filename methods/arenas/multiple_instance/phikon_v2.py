"""Phikon-v2: average many attention models over folds and seeds instead of training one again.

The paper's encoder is a large one; what it adds for labels on slides is how a model is made of them: attention models
are trained on each fold of a cross-validation with several seeds, and all of them answer together. One model trained
again on everything has the luck of its start; the average does not.

    s(bag) = mean over 5 folds x 2 seeds of ABMIL trained on the other folds

Departs from the paper: the encoder is the arena's for everybody; the numbers of folds and seeds are ours; each of the
ten members is trained for the full number of steps from one start, where a single model here has the best of three, and
their scores are averaged before the sigmoid. The cost is counted.

>>> [rows.tolist() for rows in folds(4, 2)]
[[1, 3], [0, 2]]
"""

import torch
from torch import nn

from methods.arenas.multiple_instance.arena import MultipleInstanceMethod
from methods.arenas.multiple_instance.stage.nets import AttentionNet
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def folds(many, parts):
    """For each part the rows that are not in it: every `parts`-th row is left out."""
    return [torch.tensor([row for row in range(many) if row % parts != part]) for part in range(parts)]


class Together(nn.Module):
    """The mean of the members' scores."""

    def __init__(self, members):
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, bags):
        said = [member(bags) for member in self.members]
        return tuple(torch.stack([each[i] for each in said]).mean(0) for i in (0, 1))


class PhikonV2(MultipleInstanceMethod):
    card = Card(
        title="Phikon-v2 (fold and seed ensemble)",
        papers=(Paper("Phikon-v2, A large and public feature extractor for biomarker prediction", 2024,
                      arxiv="2409.09173", covers="the ensemble over folds and seeds"),),
        fidelity="proxy",
        claims=(Beats("abmil", on="bag_auroc", setting="other-site"),),
        needs_scale=("Features of the encoder are better than those of Phikon and on par with those of models trained "
                     "on proprietary data",),
    )

    parts: int = param(5, "folds, one of which each member does not see", low=2, high=10)
    seeds: int = param(2, "members of each fold", low=1, high=5)
    attending: int = param(32, "width of the network that attends", low=1, high=128)

    def model(self, task):
        return AttentionNet(task.width, task.trial.options.hidden, self.attending)

    def fit(self, task):
        pairs = torch.arange(len(task.labels)) // 2               # a positive and a negative bag stay together
        return Together([
            task.train(lambda: self.model(task), lambda model, bags, labels: self.loss(model, bags, labels, task),
                       starts=1, rows=torch.cat([torch.nonzero(pairs == pair).flatten() for pair in rows]))
            for rows in folds(len(task.labels) // 2, self.parts) for _ in range(self.seeds)])
