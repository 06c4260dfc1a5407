"""CroCo v2: cross-view completion with places that turn queries and keys.

Nine tenths of the first picture are hidden. The encoder reads what is shown of it, and the whole second picture; the
decoder guesses the hidden patches, and can only do so well by finding in the second picture what belongs there.
Places are not added to tokens: they turn queries and keys, so that attention, also that to the second picture, depends
on how far apart two places are.

    loss = mean over hidden patches of |said - (patch - mean) / sd|^2 / dots,   said = decoder(shown of 1, all of 2)
    attention of places a, b:  (R_a q) . (R_b k),   R_a turns pairs of features by angles in proportion to row or column

Departs from the paper: pairs are flat, moved in quarters, not two views of a scene chosen by overlap; transformer and
optimiser are the arena's; the decoder has one block; angles fall from base 10 as there are 4 x 4 places, not from the
public code's 100; tuning has a layer on the tokens in place of a dense head with a Laplacian loss and tiles.

>>> import torch
>>> from methods.arenas.cross_view_pretraining.stage.nets import rotated
>>> x, a, b = torch.tensor([[[[1.0, 0.0]]]]), torch.tensor([[[1.0]]]), torch.tensor([[[3.0]]])
>>> round((rotated(x, a) * rotated(x, b)).sum().item(), 4)                                            # cos(3 - 1)
-0.4161
"""

from methods.arenas.cross_view_pretraining.arena import CrossViewMethod
from methods.arenas.cross_view_pretraining.stage.nets import hidden_square
from methods.arenas.cross_view_pretraining.stage.task import rate_factor, shown
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class CrocoV2(CrossViewMethod):
    card = Card(
        title="CroCo v2",
        papers=(Paper("CroCo v2: Improved Cross-view Completion Pre-training for Stereo Matching and Optical Flow",
                      2022, arxiv="2211.10408"),),
        fidelity="core",
        claims=(Beats("scratch-rotary", on="moves"), Beats("croco", on="moves"), Beats("mae-of-one", on="moves"),
                Beats("scratch", on="moves"), Beats("croco", on="error")),
    )
    rotary = True

    rate: float = rate_factor(3.0)
    ratio: float = param(0.9, "share of the first picture's patches hidden", low=0.2, high=0.95)

    def loss(self, reader, task):
        one, two = (reader.patches(x) for x in task.draw())
        hidden = task.mask(len(one), self.ratio)
        at = shown(hidden)
        said = reader.say(reader.decode(reader.encode(one, at), at, reader.encode(two)))
        return hidden_square(said, one, hidden)
