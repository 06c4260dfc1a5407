"""SimMIM: say the dots of the patches that a learnt token stands in for.

All places go through the encoder, the hidden ones as one learnt token with their position; a single layer on top says
their dots. The paper on data asks how this grows: large networks learn small sets of pictures by heart, and more
pictures help them, if trained for longer; the error on pictures it has not seen foretells what fine-tuning gives.

    loss = mean over hidden patches of |W f(x with hidden patches replaced) - patch| / dots

Departs from the paper: transformer and optimiser are the arena's (no Swin); a patch of 7 x 7 dots is the unit of
hiding; pictures are neither cropped nor flipped; `simmim-narrow`, half as wide, stands for the smaller network.

>>> import torch
>>> said, patches = torch.zeros(1, 2, 2), torch.tensor([[[1.0, -3.0], [9.0, 9.0]]])
>>> hidden_distance(said, patches, torch.tensor([[True, False]])).item()
2.0
"""

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.losses import hidden_distance
from methods.arenas.visual_pretraining.stage.masked import MaskToken
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


class Simmim(VisualPretrainingMethod):
    card = Card(
        title="SimMIM",
        papers=(Paper("On Data Scaling in Masked Image Modeling", 2022, arxiv="2206.04664",
                      covers="how it grows with data and width"),
                Paper("SimMIM: A Simple Framework for Masked Image Modeling", 2021, arxiv="2111.09886",
                      covers="the method")),
        fidelity="faithful",
        claims=(Beats("scratch", on="finetuned"),
                GainGrows("simmim-narrow", on="finetuned", from_="small-data", to="default")),
        needs_scale=("the error on unseen pictures foretells the fine-tuned score over sizes, data and lengths",),
    )

    rate: float = rate_factor(1.0)
    ratio: float = param(0.6, "share of the patches hidden", low=0.1, high=0.9)

    def network(self, task):
        encoder = task.encoder()
        return task.parts(encoder, hide=MaskToken(encoder))

    def loss(self, net, x, task):
        patches, hidden = net.encoder.patches(x), task.mask(len(x), self.ratio)
        return hidden_distance(net.hide(net.encoder, patches, hidden), patches, hidden)
