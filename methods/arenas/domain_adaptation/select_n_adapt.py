"""SelectNAdapt: before labels are bought, find pictures that stand for many.

The network first learns the target without labels. Then, inside each class as the source sees it, k-means finds
as many clusters as labels may be bought for it, and of each cluster the picture is asked for that is near its centre
and far from the others. What follows is the same fine-tuning as with random supports.

    choose in every cluster the smallest  |z - own centre| - mean |z - other centres|

Departs from the paper: the features come from the source network with its statistics counted on the target; its own
learning without labels is left out, so that the fine-tuning costs what everybody's does.

>>> import torch
>>> z, centres = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [4.0]])
>>> standing(z, centres)[:, 0].tolist()                  # 0 - 4 and 1 - 3
[-4.0, -2.0]
"""

import torch
from torch import Tensor

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import cluster, predict, reestimate
from methods.kit.method import Beats, Card, Paper


def standing(z: Tensor, centres: Tensor) -> Tensor:
    """(N, K): how badly each of z (N, D) stands for each of the centres (K, D); low is good."""
    far = torch.cdist(z, centres)
    return far - (far.sum(1, keepdim=True) - far) / max(len(centres) - 1, 1)


class SelectNAdapt(DomainAdaptationMethod):
    card = Card(
        title="SelectNAdapt",
        papers=(Paper("SelectNAdapt: Support Set Selection for Few-Shot Domain Adaptation", 2023),),
        fidelity="core",
        claims=(Beats("source-only", on="target_accuracy", setting="few-shot"),
                Beats("entropy-sampling", on="target_accuracy", setting="few-shot")),
    )

    def begin(self, net, task):
        reestimate(net, task.unlabelled)
        task.optimise((net.parameters(), 1.0))

    def choose(self, net, task, many):
        z, logits = predict(net, task.unlabelled)
        labels, picked = logits.argmax(1), task.bought.tolist()
        already = len(picked)
        for c in range(task.classes):
            share = many * (c + 1) // task.classes - many * c // task.classes
            rows = (labels == c).nonzero()[:, 0]
            if not len(rows) or not share:
                continue
            centres, member = cluster(z[rows], share, task.random)
            bad = standing(z[rows], centres)
            for k in range(len(centres)):
                inside = [i for i in bad[:, k].argsort().tolist() if member[i] == k and int(rows[i]) not in picked]
                if inside:
                    picked.append(int(rows[inside[0]]))
        for row in torch.randperm(len(z), generator=task.random).tolist():         # classes nobody was given to
            if len(picked) - already >= many:
                break
            if row not in picked:
                picked.append(row)
        return torch.tensor(picked[already:])
