"""MAE: guess the dots of the hidden three quarters of a picture from the shown quarter.

The encoder sees the shown patches alone, so it knows nothing of the task's empty places; a light decoder puts a learnt
token in each of them and says all dots. Only hidden patches count, each standardised by its own mean and deviation. The
reference of this arena.

    loss = mean over hidden patches of |said - (patch - mean) / sd|^2 / dots

Departs from the paper: transformer and optimiser are the arena's; the decoder has one block of half the encoder's
width; features are the mean of the tokens; positions are learnt from sines on, the decoder's are fixed sines; pictures
are neither cropped nor flipped.

>>> import torch
>>> patches, hidden = torch.tensor([[[1.0, 3.0], [0.0, 9.0]]]), torch.tensor([[True, False]])
>>> round(loss_of(torch.zeros(1, 2, 2), patches, hidden).item(), 4)                         # mean 2, sd the root of 2
0.5
"""

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.losses import hidden_square, standardised
from methods.arenas.visual_pretraining.stage.masks import shown
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def loss_of(said, patches, hidden):
    return hidden_square(said, standardised(patches), hidden)


class Mae(VisualPretrainingMethod):
    card = Card(
        title="MAE",
        papers=(Paper("Masked Autoencoders Are Scalable Vision Learners", 2021, arxiv="2111.06377",
                      covers="the method"),
                Paper("A Survey of the Self Supervised Learning Mechanisms for Vision Transformers", 2024,
                      arxiv="2408.17059", covers="masked modelling, in its comparison of families")),
        fidelity="faithful",
        claims=(Beats("scratch", on="finetuned"), Beats("simclr", on="finetuned"), Beats("dino", on="finetuned")),
    )

    rate: float = rate_factor(1.0)
    ratio: float = param(0.75, "share of the patches hidden", low=0.1, high=0.9)

    def network(self, task):
        encoder = task.encoder()
        return task.parts(encoder, decoder=task.decoder(encoder))

    def loss(self, net, x, task):
        patches, hidden = net.encoder.patches(x), task.mask(len(x), self.ratio)
        at = shown(hidden)
        return loss_of(net.decoder(net.encoder.tokens(patches, at), at), patches, hidden)
