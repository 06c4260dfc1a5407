"""MP3: say of every patch where it was, from what a few other patches look like.

The encoder gets no positions at all. Each token is to name its place among all places; to make that hard, tokens may
attend only to a random quarter of them, which is another for every picture, while all of them ask. Positions are added
when it is fine-tuned, from zero on.

    loss = mean over tokens of CE(softmax(W f(patches without positions)), place)
    keys and values: (1 - eta) of the tokens

Departs from the paper: transformer and optimiser are the arena's; pictures are not altered; frozen features are asked
without positions.

>>> import torch
>>> places(2, 3).tolist()
[0, 1, 2, 0, 1, 2]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def places(many, tokens):
    """The places of all tokens of so many pictures."""
    return torch.arange(tokens).repeat(many)


class Mp3(VisualPretrainingMethod):
    card = Card(
        title="MP3",
        papers=(Paper("Position Prediction as an Effective Pretraining Strategy", 2022, arxiv="2207.07611"),),
        fidelity="faithful",
        claims=(Beats("scratch", on="finetuned"), Matches("mae", on="finetuned", within=2.0)),
    )

    rate: float = rate_factor(3.0)
    eta: float = param(0.75, "share of the tokens that nobody attends to", low=0.0, high=0.9)

    def network(self, task):
        encoder = task.encoder()
        encoder.place.data.zero_()
        encoder.place.requires_grad_(False)
        return task.parts(encoder, name=nn.Linear(encoder.width, encoder.places))

    def loss(self, net, x, task):
        keys = ~task.mask(len(x), self.eta)
        tokens = net.encoder.run(net.encoder.embed(net.encoder.patches(x)), keys)
        return F.cross_entropy(net.name(tokens).flatten(0, 1), places(len(x), net.encoder.places).to(x.device))
