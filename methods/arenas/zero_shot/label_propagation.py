"""Label propagation: unseen drawings are named together, from where their kinds should be.

Prototypes predicted from meanings are off, and off alike for all drawings of a kind. When the drawings are given
beforehand, first guesses spread along a graph of nearest neighbours, so that a cluster is named as one.

    Y_ic = softmax_c(-|x_i - s_c M|^2 / t),   F = (I - alpha D^-1/2 W D^-1/2)^-1 Y,   W of k nearest neighbours

Departs from the paper: that is a survey; this file stands for the one family of methods there that has no other file
here, with prototypes of a ridge regression. A question is answered by F of its three nearest drawings, of all kinds; t
is the spread of the distances. Without given drawings it is that regression, with its penalty. F is found
by 30 steps of F <- alpha D^-1/2 W D^-1/2 F + Y. k and alpha are the best of three by two (5, 10, 20; 0.5, 0.9) on seeds
100 to 102.

>>> import torch
>>> [round(v, 4) for v in spread(torch.eye(2), torch.tensor([[1], [0]]), 0.5, 60)[0].tolist()]   # 4/3, 2/3
[1.3333, 0.6667]
"""

import torch

from methods.arenas.zero_shot.arena import ZeroShotMethod
from methods.arenas.zero_shot.stage.task import prototypes
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def spread(start, neighbours, alpha, steps):
    """(N, C) F by fixed-point steps, of first guesses (N, C) and neighbours (N, k); a pair counts once or twice."""
    n, k = neighbours.shape
    row = torch.arange(n, device=start.device).repeat_interleave(k)
    ends = torch.stack([torch.cat([row, neighbours.flatten()]), torch.cat([neighbours.flatten(), row])])
    graph = torch.sparse_coo_tensor(ends, torch.full((2 * n * k,), 0.5, device=start.device), (n, n),
                                    check_invariants=False).coalesce()
    root = torch.zeros(n, device=start.device).index_add_(0, graph.indices()[0], graph.values()).rsqrt()
    values = graph.values() * root[graph.indices()[0]] * root[graph.indices()[1]]
    graph, found = torch.sparse_coo_tensor(graph.indices(), values, (n, n), check_invariants=False), start
    for _ in range(steps):
        found = alpha * torch.sparse.mm(graph, found) + start
    return found


class LabelPropagation(ZeroShotMethod):
    card = Card(
        title="Label propagation",
        papers=(Paper("Recent Advances in Zero-shot Recognition", 2017, arxiv="1710.04837"),),
        fidelity="proxy",
        claims=(Beats("semantic-to-visual", on="unseen_accuracy", setting="transductive"),
                Beats("semantic-to-visual", on="mrr", setting="transductive")),
        waivers={"knob:neighbours": "used where unseen drawings are given", "knob:alpha": "as for the neighbours"},
    )

    strength: float = param(1000.0, "penalty of the regression", low=0.1, high=100000.0)
    neighbours: int = param(10, "neighbours of a drawing in the graph", low=1, high=100)
    alpha: float = param(0.5, "how far guesses spread", low=0.0, high=0.99)

    def fit(self, task):
        self.prototypes, self.given = prototypes(task, self.strength), None
        if task.unlabelled is None:
            return
        self.given = task.features(task.unlabelled)
        near = torch.cdist(self.given, self.given).fill_diagonal_(torch.inf)
        away = torch.cdist(self.given, self.prototypes).square()
        start = (-away / away.std()).softmax(1)
        self.named = spread(start, near.topk(min(self.neighbours, len(near) - 1), 1, largest=False).indices,
                            self.alpha, 30)

    def scores(self, x, task):
        x = task.features(x)
        if self.given is None:
            return -torch.cdist(x, self.prototypes).square()
        near = torch.cdist(x, self.given).topk(3, 1, largest=False).indices
        return self.named[near].mean(1)
