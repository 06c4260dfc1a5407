"""IADG: features of each picture lose what changes with style, without names of domains.

Three parts. A kernel made from each picture's own maps is applied to half of its channels. Maps are shown again in
styles put together from bases: the samples of a class group that lie farthest apart in mean and deviation, mixed by
weights drawn anew. And of the covariances between channels, those that change most between a picture and its restyled
self are pushed to zero, picture by picture.

    style = sum_k w_k (m_k, s_k),   w ~ Dirichlet(1 / K),   bases by farthest points in each group
    loss = (CE + CE restyled) / 2 + weight * mean (|C_ij(h)| + |C_ij(h')|)
           over the share of i < j with the largest |C_ij(h) - C_ij(h')|

Departs from the paper: letters and digits are the two groups where it tells live faces from false ones, so both have
one share (0.1) where the authors take 0.003 for live faces and 0.0006 for others. Which covariances are pushed is told
by each picture's own change at each step, in the authors' code once an epoch for a group by their variance over all its
pictures, restyled or not; there all terms are summed. Covariances are of standardised maps, there of maps as they are.
Maps are restyled once, there twice, each time with the maps added again. A kernel comes by one linear map from the
means of all its channels and is added to the maps, there each channel's from its own mean, by one map for all, in place
of the maps; one convolutional layer has it. Bases are renewed every twentieth of the steps from the present batch, 8
and not 128. Without the loss on depth; weight and share are ours.

>>> import torch
>>> farthest(torch.tensor([[0.0], [1.0], [10.0], [6.0]]), 3).tolist()  # from the first: 10, then 6
[0, 2, 3]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.arenas.domain_generalization.stage.nets import Net
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def farthest(points, many):
    """Rows of points (N, D): the first, then again and again the one farthest from all chosen."""
    chosen = [0]
    nearest = (points - points[0]).square().sum(1)
    while len(chosen) < min(many, len(points)):
        chosen.append(int(nearest.argmax()))
        nearest = torch.minimum(nearest, (points - points[chosen[-1]]).square().sum(1))
    return torch.tensor(chosen)


def standardised(h):
    """Maps without their mean and deviation over places, and these (N, C, 1, 1)."""
    mean, deviation = h.mean((2, 3), keepdim=True), (h.var((2, 3), keepdim=True, unbiased=False) + 1e-5).sqrt()
    return (h - mean) / deviation, mean, deviation


def covariance(h):
    """(N, C, C) between channels over places, of standardised maps."""
    flat = standardised(h)[0].flatten(2)
    return flat @ flat.transpose(1, 2) / (flat.shape[2] - 1)


class DynamicNet(Net):
    """After the first layer, half of the channels pass a 3 x 3 kernel made from their means, the other a fixed one."""

    def __init__(self, side, classes, width):
        super().__init__(side, classes, width)
        half = width // 2
        self.kernel = nn.Linear(half, half * 9)
        self.fixed, self.fuse = nn.Conv2d(width - half, width - half, 3, padding=1), nn.Conv2d(width, width, 1)

    def dynamic(self, x):
        h = self.early(x)
        n, half = len(h), h.shape[1] // 2
        kernels = self.kernel(h[:, :half].mean((2, 3))).view(n * half, 1, 3, 3)
        own = F.conv2d(h[:, :half].reshape(1, n * half, *h.shape[2:]), kernels, padding=1, groups=n * half)
        return h + self.fuse(torch.cat([own.view(n, half, *h.shape[2:]), self.fixed(h[:, half:])], 1))

    def features(self, x):
        return self.late(self.dynamic(x))


class Iadg(DomainGeneralizationMethod):
    card = Card(
        title="IADG",
        papers=(Paper("Instance-Aware Domain Generalization for Face Anti-Spoofing", 2023, arxiv="2304.05640"),),
        fidelity="core",
        claims=(Beats("erm", on="target_accuracy"), Beats("mix-style", on="target_accuracy")),
    )

    weight: float = param(0.1, "weight of the covariances", low=0.0, high=10.0)
    share: float = param(0.1, "share of the covariances that are pushed", low=0.01, high=1.0)
    bases: int = param(8, "base styles of a group", low=1, high=32)

    def net(self, task):
        self.styles, self.renewed = {}, -1
        return DynamicNet(task.side, task.classes, task.trial.options.width)

    def loss(self, net, batch, task):
        h = net.dynamic(batch.x)
        plain, mean, deviation = standardised(h)
        groups = (batch.y >= task.classes * 52 // 62).long()                    # digits are the last ten of 62
        if int(20 * task.progress) != self.renewed:
            self.renewed = int(20 * task.progress)
            styles = torch.cat([mean, deviation], 1).detach()
            for group in map(int, groups.unique()):
                mine = styles[groups == group]
                self.styles[group] = mine[farthest(mine.flatten(1), self.bases).to(mine.device)]
        known = torch.tensor([int(group) in self.styles for group in groups], device=h.device)
        mixed = torch.cat([mean, deviation], 1).detach()
        for group, base in self.styles.items():
            mine = (groups == group) & known
            even = torch.full((len(base),), 1 / len(base), device=h.device)
            w = torch.distributions.Dirichlet(even).sample((int(mine.sum()),))
            mixed[mine] = (w @ base.flatten(1)).view(-1, *base.shape[1:])
        new_mean, new_deviation = mixed.chunk(2, 1)
        restyled = plain * new_deviation + new_mean
        ahead, behind = net.middle(h), net.middle(restyled)
        ours, theirs = covariance(ahead), covariance(behind)
        above = torch.ones_like(ours[0]).triu(1).bool()
        change = (ours - theirs).abs()[:, above].detach()
        pushed = change >= change.quantile(1 - self.share, dim=1, keepdim=True)
        whitened = sum(((each[:, above].abs() * pushed).sum(1) / pushed.sum(1)).mean() for each in (ours, theirs))
        both = net.head(net.last(torch.cat([ahead, behind])))
        return F.cross_entropy(both, batch.y.repeat(2)) + self.weight * whitened
