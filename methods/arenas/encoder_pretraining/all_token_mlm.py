"""All-token masked language model: guess every word of a damaged window, also those that can be seen.

    L = - mean over all t of log p(x_t | x~),   15 % of the words masked

Departs from the paper: it goes on from an encoder that has read, and has no copy mechanism beside the guess.

>>> AllTokenMlm().share
0.15
"""

import torch
import torch.nn.functional as F

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.words import MASK
from methods.kit.method import Card, Paper
from methods.kit.params import param


class AllTokenMlm(EncoderPretrainingMethod):
    card = Card(
        title="All-token masked language model",
        papers=(Paper("Efficient pre-training objectives for Transformers", 2021, arxiv="2104.09694",
                      covers="the loss on all words"),),
        fidelity="core",
    )

    share: float = param(0.15, "words that are masked", low=0.05, high=0.6)

    def loss(self, net, task):
        ids = task.draw()
        state = net(torch.where(task.choose(ids, self.share), MASK, ids))
        return F.cross_entropy(net.guess(state).flatten(0, 1), ids.flatten())
