"""NEAS: search for ensembles of paths, dropping the choices that are least right and least unlike others.

Two paths share their first blocks up to a point that is drawn, too, and their mean answers. Twice in training every
block loses the choice of lowest worth: how right paths with it are, and how far its outputs are from the others'.

    L = CE(mean of two paths, y) + mean CE of each
    worth(op) = accuracy(op) / max accuracy + diversity * distance(op) / max distance
    distance(op) = mean over other ops of ||out_op - out_other|| / ||out_op||

Departs from the paper: residual blocks of vectors that differ in width only, pairs alone; how accuracy and distance are
weighed is ours, and so is the search, a pool of pairs and three turns of changes of the best. Outputs are what an op
adds to the stream, after the mean of the ops before that are left.

>>> import torch
>>> distances([torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])])
[0.7071, 0.7071, 1.4142]
"""

import torch
import torch.nn.functional as F

from methods.arenas.elastic_networks.arena import ElasticNetworksMethod
from methods.arenas.elastic_networks.stage.search import accuracy_worth, dropped, searched, trained
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def distances(outputs):
    """How far each output (N, D) is from the others, by its own length."""
    return [round(torch.stack([((a - b).norm(dim=1) / a.norm(dim=1)).mean() for j, b in enumerate(outputs) if j != i])
                  .mean().item(), 4) for i, a in enumerate(outputs)]


class Neas(ElasticNetworksMethod):
    card = Card(
        title="NEAS",
        papers=(Paper("One-Shot Neural Ensemble Architecture Search by Diversity-Guided Search Space Shrinking", 2021,
                      arxiv="2104.00597"),),
        fidelity="core",
        claims=(Beats("accuracy-only-shrinking", on="loss"), Beats("single-path-search", on="loss")),
        reduces_to=("accuracy-only-shrinking", {"diversity": 0.0}),
    )

    diversity: float = param(1.0, "weight of being unlike other choices", low=0.0, high=4.0)

    def offer(self, task):
        net = task.choices()

        def shrink():
            accuracy, x = accuracy_worth(net, task, 2), task.watch[0][:256]
            worth = []
            with torch.no_grad():
                h = net.enter(x)
                for block, left, right in zip(net.layers, net.allowed, accuracy, strict=True):
                    outputs = [block[choice](h) for choice in left]
                    apart, best = distances([out - h for out in outputs]), max(right[choice] for choice in left)
                    worth.append({choice: right[choice] / best + self.diversity * far / max(apart)
                                  for choice, far in zip(left, apart, strict=True)})
                    h = torch.stack(outputs).mean(0)
            dropped(net, worth)

        trained(net, task, 2, lambda said, y: F.cross_entropy(said.mean(0), y) + F.cross_entropy(
            said.flatten(0, 1), y.repeat(2)), shrink)
        return searched(net, task, 2)
