"""SimCLR, warm: the contrast at a temperature of 1, which pushes all other pictures away alike.

At a high temperature the softmax is nearly even, so that near and far negatives weigh the same: the features of
pictures that are alike may stay near each other, and spread less evenly.

    loss = that of SimCLR at tau = 1

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


class SimclrWarm(SelfSupervisionMethod):
    card = Card(
        title="SimCLR at temperature 1",
        papers=(Paper("Understanding the Behaviour of Contrastive Loss", 2020, arxiv="2012.09740",
                      covers="that a high temperature tolerates what is alike"),),
        fidelity="faithful",
        claims=(Beats("simclr", on="tolerance"), Beats("simclr-cold", on="tolerance")),
        reduces_to=("simclr", {"tau": 0.1, "rate": 3.0}),
    )

    rate: float = rate_factor(0.3)
    tau: float = param(1.0, "temperature of the contrast", low=0.02, high=2.0)

    def loss(self, z1, z2, task):
        return nt_xent(z1, z2, self.tau)
