"""SBCL: contrast small clusters of the head classes instead of whole classes.

Pulling all pictures of a frequent class together lets that class dominate the feature space. SBCL cuts every class
into clusters no larger than a tail class, by a k-means with capped sizes in the current feature space, renewed
during training. Views of the same cluster are pulled together against everything; views of the same class in other
clusters are pulled together more softly, against everything outside the cluster.

    L = L(same cluster; tau) + beta * L(same class, other cluster; tau_c),
    tau_c = tau * exp(spread_c / mean spread),   spread_c = mean ||z - mean z|| / log(n_c + 10)

A linear classifier is then trained on the frozen features with class-balanced batches. As in the authors' code the
other view of a picture is a positive of the second part too, spreads are held between their 20th and 80th percentile,
and a class that is not cut keeps tau.

Departs from the paper: clusters have at most the size of a tail class instead of about that size, by a few rounds of
k-means from evenly spaced pictures; before the first clustering the second part, on the other views, is there already.

>>> import torch
>>> z = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8], [0.0, 1.0]])
>>> a, b, c, d = capped_clusters(z, cap=2).tolist()
>>> a == b != c == d
True
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.long_tail.arena import LongTailMethod
from methods.arenas.long_tail.stage.task import contrast
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def capped_clusters(z, cap, rounds=4):
    """(N,) cluster of each row of z (N, D): k-means by cosine with at most `cap` rows in a cluster."""
    many = -(-len(z) // cap)
    centres = z[torch.linspace(0, len(z) - 1, many, device=z.device).round().long()]
    for _ in range(rounds):
        cluster = best_fit(z @ centres.T, cap)
        centres = F.normalize(torch.zeros_like(centres).index_add(0, cluster, z))
    return cluster


def best_fit(similarity, cap):
    """(N,) column of each row of similarity (N, K), the closest pairs first, no column taken more than cap times."""
    open_pairs = similarity.clone()
    while True:
        score, cluster = open_pairs.max(1)
        by_score = score.argsort(descending=True)
        order = by_score[cluster[by_score].argsort(stable=True)]               # cluster by cluster, closest first
        sizes = torch.bincount(cluster, minlength=similarity.shape[1])
        place = torch.arange(len(order), device=order.device) - (sizes.cumsum(0) - sizes)[cluster[order]]
        refused = order[place >= cap]
        if not len(refused):
            return cluster
        open_pairs[refused, cluster[refused]] = -torch.inf


class Sbcl(LongTailMethod):
    card = Card(
        title="Subclass-balancing contrastive learning (SBCL)",
        papers=(Paper("Subclass-balancing Contrastive Learning for Long-tailed Recognition", 2023,
                      arxiv="2306.15925"),),
        fidelity="faithful",
        claims=(Beats("supcon", on="balanced_accuracy"), Beats("supcon", on="tail_accuracy"),
                Beats("cross-entropy", on="balanced_accuracy")),
    )

    temperature: float = param(0.1, "how much the nearest others count", low=0.05, high=1.0)
    beta: float = param(0.25, "weight of the pull between clusters of one class", low=0.0, high=2.0)
    smallest: int = param(10, "clusters are capped at this size, or the rarest class's if larger", low=1, high=1000)
    first: float = param(0.8, "share of the budget that trains the features", low=0.0, high=1.0)
    warm: float = param(0.1, "share of the budget before the first clustering", low=0.0, high=1.0)

    def prepare(self, net, task):
        width = task.features
        self.project = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width)).to(task.x.device)
        self.cap = max(self.smallest, int(task.counts.min()))
        self.cluster, self.tau = task.y, torch.full_like(task.counts, self.temperature)
        task.begin_stage([*net.backbone.parameters(), *self.project.parameters()], end=self.first)

    def step(self, net, task):
        if task.enters(self.first):
            task.begin_stage(net.classifier.parameters())
        if task.progress >= self.first:
            batch = task.draw(torch.ones_like(task.counts))
            with torch.no_grad():
                features = net.backbone(batch.x)
            loss = self.loss(net.classifier(features), batch.y)
        else:
            for share in (self.warm, *(tenth / 10 for tenth in range(2, 10))):
                if share >= self.warm and task.enters(share):
                    self.divide(net, task)
            loss = self.two_level(net, task)
        loss.backward()
        return loss

    def two_level(self, net, task):
        batch = task.draw()
        pictures = task.x[batch.index]
        z = F.normalize(self.project(net.backbone(torch.cat([task.distort(pictures), task.distort(pictures)]))))
        y, cluster = batch.y.repeat(2), self.cluster[batch.index].repeat(2)
        together, akin = cluster[:, None] == cluster, y[:, None] == y
        near = contrast(z, together, self.temperature)
        twin = torch.eye(len(batch.y), dtype=torch.bool, device=y.device).repeat(2, 2)
        outside = ~together | twin                   # the other view of a picture stays in, as in the paper's code
        return near + self.beta * contrast(z, akin & outside, self.tau[y][:, None], rivals=outside)

    @torch.no_grad()
    def divide(self, net, task):
        """Cut every class larger than the cap into clusters, and set the classes' temperatures by their spread."""
        z = F.normalize(self.project(torch.cat([net.backbone(part) for part in task.x.split(1024)])))
        self.cluster, spread = task.y.clone(), torch.zeros_like(task.counts)
        name = task.classes
        for c in range(task.classes):
            rows = (task.y == c).nonzero()[:, 0]
            if len(rows):
                spread[c] = (z[rows] - z[rows].mean(0)).norm(dim=1).mean() / math.log(len(rows) + 10)
            if len(rows) > self.cap:
                parts = capped_clusters(z[rows], self.cap)
                self.cluster[rows] = name + parts
                name += int(parts.max()) + 1
        spread = spread.clamp(spread.quantile(0.2), spread.quantile(0.8))
        split = task.counts > self.cap
        self.tau = torch.where(split, self.temperature * (spread / spread.mean().clamp(min=1e-12)).exp(),
                               self.temperature)
