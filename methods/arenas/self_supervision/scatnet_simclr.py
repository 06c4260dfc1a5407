"""ScatSimCLR: SimCLR on fixed wavelets, with a small trained layer and a guess of how far a picture was turned.

The first layers of a network learn edges anyway, so they are replaced by wavelets that do not train: moduli at two
scales and in several directions, twice in a row, then smoothed. One trained convolution adapts them. A third view,
turned by a multiple of 90 degrees, must say by which.

    z = projector(adapter(S x)),   loss = NT-Xent(z1, z2) + beta CE(turn of the third view)

Departs from the paper: four directions and not sixteen, and one adapting layer and not 8 to 45 blocks, for small
pictures and seconds; views, projector, temperature and optimiser are those of SimCLR here. The third view counts as a
picture seen; beta is 0.2 (0.3 in the authors' example).

>>> import torch
>>> quarter(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), torch.tensor([2])).flatten().tolist()
[4.0, 3.0, 2.0, 1.0]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.losses import nt_xent
from methods.arenas.self_supervision.stage.nets import Net
from methods.arenas.self_supervision.stage.scattering import Scattering
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def quarter(x, turns):
    """Each picture turned by so many quarters."""
    return torch.cat([part.rot90(int(k), (2, 3)) for part, k in zip(x.split(1), turns, strict=True)])


class ScatnetSimclr(SelfSupervisionMethod):
    card = Card(
        title="ScatSimCLR",
        papers=(Paper("ScatSimCLR: self-supervised contrastive learning with pretext task regularization for "
                      "small-scale datasets", 2021, arxiv="2108.13939"),),
        fidelity="core",
        claims=(Matches("simclr", on="linear", within=1, setting="small-data", cost="trainable parameters"),
                Beats("simclr", on="linear", setting="small-data")),
    )

    rate: float = rate_factor(1.0)
    tau: float = param(0.1, "temperature of the contrast", low=0.02, high=2.0)
    beta: float = param(0.2, "weight of guessing the turn", low=0.0, high=5.0)
    directions: int = param(4, "L: directions of the wavelets", low=2, high=8)

    def network(self, task):
        scatter = Scattering(self.directions)
        into, out = scatter.channels, max(1, task.features // 4)
        encoder = nn.Sequential(scatter, nn.BatchNorm2d(into), nn.Conv2d(into, out, 3, padding=1, bias=False),
                                nn.BatchNorm2d(out), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
        net = Net(encoder, task.head(into=4 * out)).to(task.pictures.device)
        net.turn = nn.Linear(4 * out, 4).to(task.pictures.device)
        return net

    def step(self, net, task):
        x1, x2 = task.pair()
        turns = torch.randint(4, (len(x1),), generator=task.generator).to(x1.device)
        h1, h2, turned = net.encoder(torch.cat([x1, x2, quarter(task.view(task.pictures[task.rows]), turns)])).chunk(3)
        contrast = nt_xent(*net.projector(torch.cat([h1, h2])).chunk(2), self.tau)
        return contrast + self.beta * F.cross_entropy(net.turn(turned), turns)
