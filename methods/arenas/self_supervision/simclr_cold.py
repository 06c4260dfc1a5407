"""SimCLR, cold: the contrast at a temperature of 0.07, which pushes the nearest pictures away hardest.

At a low temperature nearly all of the gradient is on the negatives that are nearest, be they alike or not: features
spread evenly, and pictures that are alike are driven apart.

    loss = that of SimCLR at tau = 0.07

Departs from the paper: encoder, projector, views and optimiser are the arena's, and negatives are those of the batch;
uniformity and tolerance are measured on the encoder's features and not behind the projector, where the loss acts.

>>> import torch
>>> z = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
>>> round(nt_xent(z, z, 1.0).item(), 4)                                          # -log(e / (e + 1 + 1))
0.5514
"""

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.losses import nt_xent
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class SimclrCold(SelfSupervisionMethod):
    card = Card(
        title="SimCLR at temperature 0.07",
        papers=(Paper("Understanding the Behaviour of Contrastive Loss", 2020, arxiv="2012.09740",
                      covers="that a low temperature spreads evenly, and that the best lies between"),),
        fidelity="faithful",
        claims=(Beats("simclr", on="uniformity"), Beats("simclr-warm", on="uniformity")),
        reduces_to=("simclr", {"tau": 0.1}),
    )

    rate: float = rate_factor(3.0)
    tau: float = param(0.07, "temperature of the contrast", low=0.02, high=2.0)

    def loss(self, z1, z2, task):
        return nt_xent(z1, z2, self.tau)
