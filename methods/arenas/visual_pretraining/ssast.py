"""SSAST: tell the hidden patches from each other, and draw them.

Groups of connected patches are hidden behind a learnt token. Of what the transformer makes of a hidden place, one head
is to pick the right patch among all hidden ones of the same picture, and another is to draw it.

    tell = -mean log softmax_j(c_i . x_j) at j = i, over hidden i, j of a picture;   draw = mean |r_i - x_i|^2 / dots
    loss = tell + 10 draw

Departs from the paper: pictures in place of spectrograms of sound; transformer and optimiser are the arena's; 70 % of
the places are hidden, in rectangles with sides of one or two of the four places (paper: squares of three to five, about
three quarters); dots are standardised over all pictures.

>>> import torch
>>> from methods.arenas.visual_pretraining.stage.patchwise import told_apart
>>> x, hidden = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [9.0, 9.0]]]), torch.tensor([[True, True, False]])
>>> round(told_apart(x, x, hidden).item(), 4)                                                        # log(1 + e^-1)
0.3133
"""

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.patchwise import patchwise_losses, patchwise_network
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Ssast(VisualPretrainingMethod):
    card = Card(
        title="SSAST",
        papers=(Paper("SSAST: Self-Supervised Audio Spectrogram Transformer", 2021, arxiv="2110.09784"),),
        fidelity="core",
        claims=(Beats("ssast-discriminative", on="finetuned"), Beats("ssast-generative", on="finetuned"),
                Beats("ssast-discriminative", on="linear"), Beats("ssast-generative", on="linear"),
                Beats("scratch", on="finetuned")),
        needs_scale=("it helps speech and sound tasks that are not those it was trained on",),
    )

    rate: float = rate_factor(3.0)
    weight: float = param(10.0, "weight of drawing the patches", low=0.0, high=30.0)

    def network(self, task):
        return patchwise_network(task)

    def loss(self, net, x, task):
        tell, draw = patchwise_losses(net, x, task)
        return tell + self.weight * draw
