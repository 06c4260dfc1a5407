"""CroCo: guess almost all of one picture with the other's help.

Nine tenths of the first picture are hidden. The encoder reads what is shown of it, and the whole second picture; the
decoder guesses the hidden patches, and can only do so well by finding in the second picture what belongs there.

    loss = mean over hidden patches of |said - (patch - mean) / sd|^2 / dots,   said = decoder(shown of 1, all of 2)

Departs from the paper: pairs are flat, moved in quarters, not two views of a scene; transformer and optimiser are the
arena's; the decoder has one block.

>>> import torch
>>> from methods.arenas.cross_view_pretraining.stage.nets import hidden_square
>>> round(hidden_square(torch.zeros(1, 1, 2), torch.tensor([[[1.0, 3.0]]]), torch.tensor([[True]])).item(), 4)
0.5
"""

from methods.arenas.cross_view_pretraining.arena import CrossViewMethod
from methods.arenas.cross_view_pretraining.stage.nets import hidden_square
from methods.arenas.cross_view_pretraining.stage.task import rate_factor, shown
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Croco(CrossViewMethod):
    card = Card(
        title="CroCo",
        papers=(Paper("CroCo: Self-Supervised Pre-training for 3D Vision Tasks by Cross-View Completion", 2022,
                      arxiv="2210.10716"),),
        fidelity="core",
        claims=(Beats("mae-of-one", on="moves"), Beats("scratch", on="moves"), Beats("mae-of-one", on="error")),
    )
    rotary = False

    rate: float = rate_factor(1.0)
    ratio: float = param(0.9, "share of the first picture's patches hidden", low=0.2, high=0.95)

    def loss(self, reader, task):
        one, two = (reader.patches(x) for x in task.draw())
        hidden = task.mask(len(one), self.ratio)
        at = shown(hidden)
        said = reader.say(reader.decode(reader.encode(one, at), at, reader.encode(two)))
        return hidden_square(said, one, hidden)
