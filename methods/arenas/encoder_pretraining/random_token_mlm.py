"""Random-token language model: no masks; chosen words are exchanged for any words, and all are to be guessed.

    L = - mean over all t of log p(x_t | x~),   15 % of the words exchanged

Departs from the paper: it goes on from an encoder that has read.

>>> RandomTokenMlm().share
0.15
"""

import torch
import torch.nn.functional as F

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.kit.method import Card, Paper
from methods.kit.params import param


class RandomTokenMlm(EncoderPretrainingMethod):
    card = Card(
        title="Random-token language model",
        papers=(Paper("Efficient pre-training objectives for Transformers", 2021, arxiv="2104.09694",
                      covers="no masks, the loss on all words"),),
        fidelity="core",
    )

    share: float = param(0.15, "words that are exchanged", low=0.05, high=0.6)

    def loss(self, net, task):
        ids = task.draw()
        state = net(torch.where(task.choose(ids, self.share), task.any_words(*ids.shape), ids))
        return F.cross_entropy(net.guess(state).flatten(0, 1), ids.flatten())
