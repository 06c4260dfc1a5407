"""Permuted language model: guess the last words of a drawn order, one after another.

    L = - mean over t > c of log p(x_{z_t} | x_{z_<t}),   the last 15 % of a drawn order z

A stream of content sees words up to its own turn, a stream of queries those before it; both share weights.

Departs from the paper: it goes on from an encoder that has read; positions are absolute, there is no memory of earlier
windows, words, not runs, are drawn, and 15 % of them, not a sixth; there are no pairs of segments.

>>> import torch
>>> from methods.arenas.encoder_pretraining.stage.streams import allowed
>>> allowed(torch.tensor([[0, 1]]), torch.tensor([[1]]), False)[0].int().tolist()    # two words, mask, query see x0, x1
[[1, 0, 0], [1, 1, 0], [1, 0, 0], [1, 0, 0]]
"""

import torch.nn.functional as F

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.streams import drawn_order, two_streams
from methods.kit.method import Card, Paper
from methods.kit.params import param


class PermutedLanguageModel(EncoderPretrainingMethod):
    card = Card(
        title="Permuted language model",
        papers=(Paper("XLNet: Generalized Autoregressive Pretraining for Language Understanding", 2019,
                      arxiv="1906.08237"),),
        fidelity="core",
    )
    cost = 1.3

    share: float = param(0.15, "words that are guessed", low=0.05, high=0.6)

    def loss(self, net, task):
        ids = task.draw()
        rank, places = drawn_order(task.lots(*ids.shape), self.share)
        state = two_streams(net, ids, rank, places, compensate=False)
        return F.cross_entropy(net.guess(state).flatten(0, 1), ids.gather(1, places).flatten())
