"""MAE, then words: let MAE begin, and go on with the noisy words that came with the pictures.

The words alone teach little at first, the dots alone teach little in the end. The encoder of half a budget of MAE
starts the other half, in which it learns to name the words.

    first half:  loss = MAE
    second half: loss = -sum_w t_w log softmax(W f(x))_w,   t_w = 1 / (words of the picture) for its words, else 0

It sees words that most methods here do not see.

Departs from the paper: transformer and optimiser are the arena's; four words, not hashtags by the thousand; half of the
budget each, where the paper's second stage is as long with MAE before it as without, which is not equal cost.

>>> import torch
>>> round(words_loss(torch.zeros(1, 4), torch.tensor([[1.0, 0.0, 0.0, 0.0]])).item(), 4)                       # log 4
1.3863
"""

from torch import nn

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.losses import hidden_square, standardised, words_loss
from methods.arenas.visual_pretraining.stage.masks import shown
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class MaeThenWords(VisualPretrainingMethod):
    card = Card(
        title="MAE, then words",
        papers=(Paper("The effectiveness of MAE pre-pretraining for billion-scale pretraining", 2023,
                      arxiv="2303.13496"),),
        fidelity="core",
        claims=(Beats("tag-cross-entropy", on="finetuned"), Beats("mae", on="finetuned"),
                Beats("tag-cross-entropy", on="linear"), Beats("mae", on="linear")),
        needs_scale=("it helps more, the larger the network and the set of pictures",),
    )
    sees_tags = True

    rate: float = rate_factor(1.0)
    ratio: float = param(0.75, "share of the patches hidden", low=0.1, high=0.9)
    first: float = param(0.5, "share of the budget that MAE gets", low=0.1, high=0.9)

    def fit(self, task):
        encoder = task.encoder()
        net = task.parts(encoder, decoder=task.decoder(encoder))

        def guess():
            patches = encoder.patches(task.draw())
            hidden = task.mask(len(patches), self.ratio)
            at = shown(hidden)
            return hidden_square(net.decoder(encoder.tokens(patches, at), at), standardised(patches), hidden)

        task.train(net, guess, rate=self.rate, share=self.first)
        named = task.parts(encoder, name=nn.Linear(encoder.width, task.tags.shape[1]))

        def name():
            x = task.draw()
            return words_loss(named.name(encoder(x)), task.tags[task.rows])

        task.train(named, name, rate=self.rate, share=1 - self.first)
        return encoder
