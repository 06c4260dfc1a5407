"""MAE of one: guess the hidden three quarters of each picture, and never look at the other.

Both pictures of a pair are in turn the one that is hidden; the decoder's look at the other picture is left out and
stays as it was drawn until tuning.

    loss = mean over hidden patches of |said - (patch - mean) / sd|^2 / dots

Departs from the paper: transformer and optimiser are the arena's; the decoder has one block as wide as the encoder.

>>> import torch
>>> from methods.arenas.cross_view_pretraining.stage.nets import hidden_square
>>> x, hidden = torch.tensor([[[1.0, 3.0], [0.0, 9.0]]]), torch.tensor([[True, False]])
>>> round(hidden_square(torch.zeros(1, 2, 2), x, hidden).item(), 4)
0.5
"""

import torch

from methods.arenas.cross_view_pretraining.arena import CrossViewMethod
from methods.arenas.cross_view_pretraining.stage.nets import hidden_square
from methods.arenas.cross_view_pretraining.stage.task import rate_factor, shown
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class MaeOfOne(CrossViewMethod):
    card = Card(
        title="MAE of one picture",
        papers=(Paper("Masked Autoencoders Are Scalable Vision Learners", 2021, arxiv="2111.06377"),),
        fidelity="core",
        claims=(Beats("scratch", on="moves"),),
    )

    rate: float = rate_factor(3.0)
    ratio: float = param(0.75, "share of the patches hidden", low=0.2, high=0.9)

    def loss(self, reader, task):
        patches = reader.patches(torch.cat(task.draw()))
        hidden = task.mask(len(patches), self.ratio)
        at = shown(hidden)
        said = reader.say(reader.decode(reader.encode(patches, at), at, None))
        return hidden_square(said, patches, hidden)
