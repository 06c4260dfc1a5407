"""CPP: two small heads on what is known; memberships and features by which the heap is coded shortest.

One head gives features, the other codes whose products, made doubly stochastic, say which pictures belong together. All
pictures together are to take much room and those that belong together little. Clusters are spectral, on the
memberships; where their number is not told it is the one at which the features take the fewest bits.

    Pi = n Sinkhorn(|C C'| / 0.175),   R(Z) = log det(I + d / (n e) Z'Z) / 2
    R_c = sum_j n_j / (2 n) log det(I + d / (n_j e) Z' diag(Pi_j) Z),   loss = R_c - R + 0.05 |Pi|^2 / 2
    bits = sum_k (n_k + d) log det(I + d / (n_k e) Z_k'Z_k) / 2 - n_k log(n_k / n),   e = 0.1

Departs from the paper: features are those of the network that has learnt the names, frozen, instead of CLIP's; heads
are 32 wide behind layers of 128, batches 256 pictures, AdamW; gradients go through the scaling of columns as well,
which the authors' code stops; numbers of clusters are tried in eighths of the most there could be. A tenth of the
steps is for R alone, after which one head is copied to the other.

>>> import torch
>>> round(rate(torch.eye(2)).item(), 4)                              # d = n = 2, e = 0.1: log(1 + 10)
2.3979
"""

import copy

import torch
import torch.nn.functional as F
from scipy.sparse.linalg import eigsh
from torch import nn

from methods.arenas.novel_classes.arena import NovelClassesMethod
from methods.arenas.novel_classes.stage.clustering import k_means
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

E = 0.1


def rate(z):
    n, d = z.shape
    return torch.logdet(torch.eye(d, device=z.device) + d / (n * E) * z.T @ z) / 2


def rate_within(z, members):
    """Of features (n, d) and memberships (n, n), a group a column."""
    n, d = z.shape
    each = members.sum(0) + 1e-8
    inside = torch.einsum("nd,nj,ne->jde", z, members, z) * (d / (each * E))[:, None, None]
    return (each * torch.logdet(torch.eye(d, device=z.device) + inside)).sum() / (2 * n)


def memberships(c, eta=0.175, rounds=5):
    """n times a doubly stochastic (n, n) near exp(|c c'| / eta)."""
    s = (c @ c.T).abs() / eta
    row, column = torch.zeros(len(c), device=c.device), torch.zeros(len(c), device=c.device)
    for i in range(rounds):
        if i % 2 == 0:
            row = -torch.logsumexp(s + column[None], 1)
        else:
            column = -torch.logsumexp(s + row[:, None], 0)
    return (s + row[:, None] + column[None]).exp()


def bits(z, clusters):
    total = z.new_zeros(())
    for cluster in clusters.unique():
        mine = z[clusters == cluster]
        share = torch.tensor(len(mine) / len(z))
        total = total + (sum(mine.shape) * rate(mine)) - len(mine) * share.log()
    return total.item()


class Cpp(NovelClassesMethod):
    card = Card(
        title="CPP",
        papers=(Paper("Image Clustering via the Principle of Rate Reduction in the Age of Pretrained Models", 2023,
                      arxiv="2306.05272"),),
        fidelity="core",
        claims=(Beats("kmeans-supervised", on="accuracy"),
                Beats("kmeans-supervised", on="count_error", setting="unknown-count")),
    )

    even: float = param(0.05, "weight of the squared memberships", low=0.0, high=1.0)
    batch: int = param(256, "pictures whose memberships are told at once", low=32, high=1024)

    def fit(self, task):
        net = task.pretrain(task.network(), self.named_first).requires_grad_(False)
        with torch.no_grad():
            seen = F.normalize(net(task.heap), dim=1)
        before = nn.Sequential(nn.Linear(net.width, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 128),
                               nn.ReLU())
        many = min(self.batch, len(seen))
        parts = nn.ModuleDict({"before": before, "features": nn.Linear(128, 32), "codes": nn.Linear(128, 32)})
        self.parts, warm = parts.to(task.x.device), [True]

        def loss(_):
            h = before(seen[torch.randint(len(seen), (many,), device=seen.device)])
            z = F.normalize(parts["features"](h), dim=1)
            if task.progress < 0.1:
                return -rate(z)
            if warm[0]:
                warm[0] = False
                parts["codes"].load_state_dict(copy.deepcopy(parts["features"].state_dict()))
            members = memberships(F.normalize(parts["codes"](h), dim=1))
            return rate_within(z, members) - rate(z) + self.even * members.square().sum() / 2

        task.train(self.parts, loss, 1 - self.named_first)
        return net

    def sort(self, net, task):
        h = self.parts["before"](F.normalize(net(task.heap), dim=1))
        z, codes = (F.normalize(self.parts[name](h), dim=1) for name in ("features", "codes"))
        members = memberships(codes)
        members = (members + members.T) / 2
        scale = members.sum(1).rsqrt()
        laplace = (scale[:, None] * members * scale[None]).cpu().double().numpy()
        most = min(task.clusters, len(laplace) - 1)
        _, axes = eigsh(laplace, k=most, v0=scale.cpu().double().numpy())
        axes = torch.from_numpy(axes[:, ::-1].copy()).float().to(z.device)
        tried = [most] if task.told else sorted({max(2, round(most * part / 8)) for part in range(1, 9)})
        found = [k_means(F.normalize(axes[:, :many], dim=1), many, task.chance)[0] for many in tried]
        return min(found, key=lambda clusters: bits(z, clusters))
