"""IGCD: no classifier, but a few dense pictures of each kind that vote.

Embeddings are learnt by contrast with and without names. The heap is clustered by k-means in which the centres of known
kinds stay. Of each kind and each cluster only the pictures in the densest places are kept, and every picture of the
heap gets the kind for which its nearest kept ones vote.

    density(x) = mean cosine with its k nearest of the same kind
    p(y | x) = sum_j softmax_j(z . z_j / tau) [y_j = y],   j over what is kept

Departs from the paper: there is one stage and not several after one another, so nothing is forgotten that what is kept
could bring back, and the number of kinds is told. Votes are taken at the end alone, where the paper also trains through
them, by cross-entropy and for answers of all kinds. Kept are the densest pictures, where the paper keeps those that are
denser than their neighbours. K-means is not weighted, and k and tau (0.1) are ours. It stands for the idea.

>>> import torch
>>> z = torch.eye(2)
>>> votes(z, z, torch.tensor([1, 0]), 2, 0.1).argmax(1).tolist()
[1, 0]
"""

import torch
import torch.nn.functional as F

from methods.arenas.novel_classes.arena import NovelClassesMethod
from methods.arenas.novel_classes.stage.clustering import k_means
from methods.arenas.novel_classes.stage.parametric import projector, representation
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def dense(z, many, nearest):
    """Rows of embeddings (N, W) of length one with the highest mean cosine to their nearest others."""
    s = z @ z.T
    s.fill_diagonal_(-2.0)
    k = min(nearest, len(z) - 1)
    density = s.topk(k, 1).values.mean(1) if k > 0 else torch.zeros(len(z), device=z.device)
    return density.topk(min(many, len(z))).indices


def votes(z, kept, y, kinds, tau):
    """(N, kinds) shares of the votes of kept (J, W) with kinds y (J,)."""
    return (z @ kept.T / tau).softmax(1) @ F.one_hot(y, kinds).to(z.dtype)


TAU = 0.1       # temperature of the votes


class Igcd(NovelClassesMethod):
    card = Card(
        title="IGCD",
        papers=(Paper("Incremental Generalized Category Discovery", 2023, arxiv="2304.14310"),),
        fidelity="proxy",
        claims=(Beats("sim-gcd", on="accuracy", setting="generalized"),),
    )

    kept: int = param(10, "pictures of each kind that are kept", low=1, high=50)
    nearest: int = param(10, "neighbours by which density is told", low=1, high=50)

    def fit(self, task):
        net = task.pretrain(task.network(), self.named_first)
        head = projector(net.width).to(task.x.device)

        def loss(batch):
            x, x2 = torch.cat([batch.x, batch.u]), torch.cat([batch.x2, batch.u2])
            return representation(*head(net(torch.cat([x, x2]))).chunk(2), batch.y)

        return task.train(net, loss, 1 - self.named_first, [*net.parameters(), *head.parameters()])

    def sort(self, net, task):
        z, named = F.normalize(net(task.heap), dim=1), F.normalize(net(task.x), dim=1)
        kinds = task.known + task.novel if task.mixed else task.novel
        start = task.known if task.mixed else 0
        centres = torch.stack([named[task.y == kind].mean(0) for kind in range(task.known)]) if task.mixed else None
        clusters, _ = k_means(z, kinds, task.chance, fixed=centres)
        kept, y = [], []
        for kind in range(kinds):
            mine = named[task.y == kind] if kind < start else z[clusters == kind]
            if len(mine):
                kept.append(mine[dense(mine, self.kept, self.nearest)])
                y += [kind] * len(kept[-1])
        return votes(z, torch.cat(kept), torch.tensor(y, device=z.device), kinds, TAU).argmax(1)
