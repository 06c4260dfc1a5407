"""LADA: ask where neighbours disagree, then learn from the neighbours of what was answered.

A target picture whose nearest neighbours in feature space are answered unlike itself sits where the adaptation has
gone wrong. Those that score highest are clustered and one of each cluster is bought. Sure neighbours of the bought
pictures then join an anchor set with their pseudo-labels, drawn evenly over the classes.

    score_i = - sum_j w_ij <p_i, p_j> over the k nearest,   w_ij their cosines, summing to one
    score_i <- score_i + spread * sum_j w_ij score_j
    loss = CE on anchors drawn by class

Departs from the paper: neighbours join without random augmentation, and anchors are not mixed.

>>> import torch
>>> p, z = torch.tensor([[0.5, 0.5], [1.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.9, 0.1]])
>>> [round(v, 4) for v in inconsistency(p, z, 1, 1.0).tolist()]          # -(0.5 * 1) from itself and its neighbour
[-1.0, -1.0]
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import cluster, predict
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def neighbours(z: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Cosines and rows, (N, k) each, of the nearest others."""
    z = F.normalize(z, dim=1)
    return (z @ z.T).fill_diagonal_(-2.0).topk(min(k, len(z) - 1), dim=1)


def inconsistency(p: Tensor, z: Tensor, k: int, spread: float) -> Tensor:
    """(N,): how little a picture's answer agrees with its neighbours', passed on to them once."""
    cosine, near = neighbours(z, k)
    w = cosine / cosine.sum(1, keepdim=True).clamp_min(1e-6)
    score = -(w * torch.einsum("nc,nkc->nk", p, p[near])).sum(1)
    return score + spread * (w * score[near]).sum(1)


class Lada(DomainAdaptationMethod):
    card = Card(
        title="LADA",
        papers=(Paper("Local Context-Aware Active Domain Adaptation", 2022, arxiv="2208.12856"),),
        fidelity="core",
        claims=(Beats("source-only", on="target_accuracy", setting="active"),
                Beats("entropy-sampling", on="target_accuracy", setting="active")),
        waivers={"knob:k": "no labels are sold in the default setting", "knob:pool": "as for k",
                 "knob:spread": "as for k"},
    )

    k: int = param(10, "how many neighbours count", low=1, high=30)
    pool: int = param(10, "candidates per label, before clustering", low=1, high=20)
    spread: float = param(1.0, "how much of a score is passed on to neighbours", low=0.0, high=2.0)
    confidence: float = param(0.8, "probability from which a neighbour joins", low=0.0, high=1.0)

    def begin(self, net, task):
        self.rows = None
        task.optimise((net.parameters(), 1.0))

    def choose(self, net, task, many):
        z, logits = predict(net, task.unlabelled)
        score = inconsistency(logits.softmax(1), z, self.k, self.spread)
        score[task.bought] = -9.0
        rows = score.topk(min(many * self.pool, len(score) - len(task.bought))).indices
        centres, _ = cluster(F.normalize(z[rows], dim=1), many, task.random)
        far = torch.cdist(F.normalize(z[rows], dim=1), centres)
        picked = []
        for c in range(len(centres)):
            order = [r for r in far[:, c].argsort().tolist() if r not in picked]
            picked.append(order[0])
        self.rows = None
        return rows[picked]

    def loss(self, net, task):
        if not task.online and (task.due(10) or self.rows is None):
            self.expand(net, task)
        supervised = None if task.source_free and not len(task.bought) else self.supervised(net, task)
        if task.online or not len(self.rows):
            return supervised
        even = 1 / self.labels.bincount(minlength=task.classes).float()[self.labels]
        drawn = torch.multinomial(even.cpu(), task.batch_size, replacement=True, generator=task.random)
        loss = F.cross_entropy(net(task.view(task.unlabelled[self.rows[drawn]])), self.labels[drawn])
        return loss if supervised is None else loss + supervised

    def expand(self, net, task):
        """Bought pictures and their sure neighbours; without any bought one, all that are sure."""
        z, logits = predict(net, task.unlabelled)
        sure, labels = logits.softmax(1).max(1)
        if len(z) < 2:
            near = task.bought
        elif len(task.bought):
            near = neighbours(z, self.k)[1][task.bought].flatten().unique()
        else:
            near = torch.arange(len(z), device=z.device)
        near = near[(sure[near] >= self.confidence) & ~torch.isin(near, task.bought)]
        self.rows = torch.cat([task.bought, near])
        self.labels = torch.cat([task.bought_y, labels[near]])
