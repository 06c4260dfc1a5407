"""CausIRL: features are to have one distribution however the domains are mixed.

A step cuts every domain's pictures at a place drawn anew. All first parts together are one mixture of domains, all
second parts another: as if someone had intervened on the domain. The distance of their features is penalised, so that
one comparison a step stands for all pairs of domains.

    loss = mean_d CE_d + weight * D(first parts, second parts),   D = CORAL's distance or a squared MMD of Gaussians

Departs from the paper: the network is small, and the weight is not the 1 of the authors' code in DomainBed but the best
here of that, a tenth and a hundredth: the hundredth. The cut is that of DomainBed.

>>> import torch
>>> first, second = cut([torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [4.0]])], [1, 0])
>>> first.flatten().tolist(), second.flatten().tolist()
([1.0], [2.0, 3.0, 4.0])
"""

import torch
import torch.nn.functional as F

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.arenas.domain_generalization.stage.nets import apart, gaussian_apart
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def cut(parts, places):
    """All first and all second parts of (N, D) features, cut at their places."""
    return (torch.cat([part[:at] for part, at in zip(parts, places, strict=True)]),
            torch.cat([part[at:] for part, at in zip(parts, places, strict=True)]))


class Causirl(DomainGeneralizationMethod):
    card = Card(
        title="CausIRL",
        papers=(Paper("Invariant Causal Mechanisms through Distribution Matching", 2022, arxiv="2206.11646"),),
        fidelity="core",
        claims=(Beats("erm", on="target_loss"), Beats("coral", on="target_loss"),
                Beats("erm", on="target_loss", setting="spurious")),
        reduces_to=("erm", {"weight": 0.0}),
    )

    weight: float = param(0.01, "weight of the distance", low=0.0, high=100.0)
    distance: str = param("coral", "how two samples are compared", choices=("coral", "mmd"))

    def loss(self, net, batch, task):
        z = net.features(batch.x)
        parts = batch.by_domain(z)
        first, second = cut(parts, [int(torch.randint(len(part), (1,))) for part in parts])
        loss = F.cross_entropy(net.head(z), batch.y)
        if min(len(first), len(second)) < 2:
            return loss
        return loss + self.weight * (apart if self.distance == "coral" else gaussian_apart)(first, second)
