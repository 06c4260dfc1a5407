"""Multi-task pretraining: words, hidden patches and two views, all in each step.

What a picture is of, what its dots are and that it stays itself under changes are three lessons; one encoder gets all
three. Each picture passes three times: as two views, of which the first is to name its words, each word for itself,
and with patches replaced by a learnt token, whose dots are to be said.

    loss = BCE(words of view 1) + mim * L1(hidden dots) + contrast * NT-Xent(view 1, view 2)

It sees words that most methods here do not see.

Departs from the paper: transformer (no Swin), views and optimiser are the arena's; four words instead of thousands,
with plain cross-entropy for each; the contrast is among a batch, without a slow copy; weights are one, our choice, as
is the temperature.

>>> import torch
>>> round(each_word(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])).item(), 4)                                  # log 2
0.6931
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.losses import hidden_distance, nt_xent
from methods.arenas.visual_pretraining.stage.masked import MaskToken
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def each_word(logits, words):
    return F.binary_cross_entropy_with_logits(logits, words)


class MultiTaskPretraining(VisualPretrainingMethod):
    card = Card(
        title="Multi-task pretraining",
        papers=(Paper("Heuristic Vision Pre-Training with Self-Supervised and Supervised Multi-Task Learning", 2023,
                      arxiv="2310.07510"),),
        fidelity="core",
        claims=(Beats("tag-cross-entropy", on="linear"), Beats("simmim", on="linear"), Beats("simclr", on="linear"),
                Beats("tag-cross-entropy", on="finetuned"), Beats("simmim", on="finetuned"),
                Beats("simclr", on="finetuned")),
        needs_scale=("it is better on detection and segmentation too",),
    )
    sees_tags = True

    rate: float = rate_factor(1.0)
    mim: float = param(1.0, "weight of the hidden dots", low=0.0, high=10.0)
    contrast: float = param(1.0, "weight of the two views", low=0.0, high=10.0)
    tau: float = param(0.2, "temperature of the contrast", low=0.02, high=2.0)
    ratio: float = param(0.6, "share of the patches hidden", low=0.1, high=0.9)

    def network(self, task):
        encoder = task.encoder()
        return task.parts(encoder, hide=MaskToken(encoder), projector=task.head(),
                          name=nn.Linear(encoder.width, task.tags.shape[1]))

    def loss(self, net, x, task):
        features = net.encoder(task.view(torch.cat([x, x])))
        patches, hidden = net.encoder.patches(x), task.mask(len(x), self.ratio)
        dots = hidden_distance(net.hide(net.encoder, patches, hidden), patches, hidden)
        views = nt_xent(*net.projector(features).chunk(2), self.tau)
        words = each_word(net.name(features[:len(x)]), task.tags[task.rows])
        return words + self.mim * dots + self.contrast * views
