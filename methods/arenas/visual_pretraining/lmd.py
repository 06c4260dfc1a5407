"""LMD: guess the hidden part in a small fixed space, and hide little at first.

MAE hides three quarters from the start and guesses dots. Here patches are first put into a frozen small space in which
encoder and decoder work, and the hidden share grows from 15 to 75 % along a cosine, from easy to difficult, so that the
same is learnt in a third of the pictures.

    loss = mean over hidden patches of |said - code|^2,   code = P (patch - mean), P frozen
    hidden share(t) = 0.75 - 0.6 (1 + cos(pi t / T)) / 2

Departs from the paper: the frozen variational autoencoder is replaced by 16 principal components of patches, scaled to
variance one in all; the paper's other two schedules are left out; the encoder sees patches put back into dots from
their codes, so that it can be asked like the others; encoder and decoder are the arena's.

>>> [round(hidden_share(t), 2) for t in (0.0, 0.5, 1.0)]
[0.15, 0.45, 0.75]
"""

import math

import torch

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.losses import hidden_square
from methods.arenas.visual_pretraining.stage.masks import shown
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Card, Matches, Paper
from methods.kit.params import param


def hidden_share(progress):
    return 0.75 - 0.6 * (1 + math.cos(math.pi * progress)) / 2


class Lmd(VisualPretrainingMethod):
    card = Card(
        title="LMD",
        papers=(Paper("LMD: Faster Image Reconstruction with Latent Masking Diffusion", 2023, arxiv="2312.07971"),),
        fidelity="core",
        claims=(Matches("mae", on="finetuned", within=1.0, cost="seconds"),
                Matches("mae", on="linear", within=1.0, cost="seconds")),
        needs_scale=("inference is faster than that of diffusion models",),
    )

    rate: float = rate_factor(3.0)
    codes: int = param(16, "principal components of a patch", low=1, high=48)
    share: float = param(1 / 3, "share of the budget that is used", low=0.1, high=1.0)

    def fit(self, task):
        encoder = task.encoder()
        with torch.no_grad():
            some = encoder.patches(task.pictures[:1000]).flatten(0, 1)
            mean, many = some.mean(0), min(self.codes, encoder.dots)
            axes = torch.linalg.svd(some - mean, full_matrices=False).Vh[:many]                    # (codes, dots)
            scale = ((some - mean) @ axes.T).std()
        net = task.parts(encoder, decoder=task.decoder(encoder, many))

        def step():
            x = task.draw()
            codes = (encoder.patches(x) - mean) @ axes.T
            hidden = task.mask(len(x), hidden_share(task.progress))
            at = shown(hidden)
            return hidden_square(net.decoder(encoder.tokens(codes @ axes + mean, at), at), codes / scale, hidden)

        task.train(net, step, rate=self.rate, share=self.share)
        return encoder
