"""Tag cross-entropy: learn from the noisy words that came with the pictures, and from nothing else.

    loss = -sum_w t_w log softmax(W f(x))_w,   t_w = 1 / (words of the picture) for its words, else 0

A picture without words counts nothing. It sees words that most methods here do not see.

Departs from the paper: transformer and optimiser are the arena's; four words, not 27,000 hashtags, drawn as often as
they come.

>>> import torch
>>> round(words_loss(torch.zeros(1, 4), torch.tensor([[1.0, 1.0, 0.0, 0.0]])).item(), 4)                       # log 4
1.3863
"""

from torch import nn

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.losses import words_loss
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper


class TagCrossEntropy(VisualPretrainingMethod):
    card = Card(
        title="Cross-entropy on noisy words",
        papers=(Paper("Revisiting Weakly Supervised Pre-Training of Visual Perception Models", 2022,
                      arxiv="2201.08371"),),
        fidelity="core",
        claims=(Beats("simclr", on="linear"), Beats("mae", on="linear")),
    )
    sees_tags = True

    rate: float = rate_factor(1.0)

    def network(self, task):
        encoder = task.encoder()
        return task.parts(encoder, name=nn.Linear(encoder.width, task.tags.shape[1]))

    def loss(self, net, x, task):
        return words_loss(net.name(net.encoder(x)), task.tags[task.rows])
