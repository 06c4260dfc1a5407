"""Causal language model: guess each word from those to its left.

    L = - mean over t of log p(x_t | x_<t)

Attention and the short convolution look to the left alone, in training and when the encoder is asked. It begins from
random weights.

Departs from the paper: it is a survey, from whose history this is one step.

>>> CausalLanguageModel.rate_factor
1.0
"""

import torch.nn.functional as F

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.kit.method import Beats, Card, Paper


class CausalLanguageModel(EncoderPretrainingMethod):
    card = Card(
        title="Causal language model",
        papers=(Paper("A Comprehensive Survey on Pretrained Foundation Models: A History from BERT to ChatGPT", 2023,
                      arxiv="2302.09419", covers="pretraining against none"),),
        fidelity="proxy",
        claims=(Beats("no-pretraining", on="probe_bits", by=0.05),),
    )

    def prepare(self, task):
        return task.blank(causal=True)

    def loss(self, net, task):
        ids = task.draw()
        return F.cross_entropy(net.guess(net(ids[:, :-1])).flatten(0, 1), ids[:, 1:].flatten())
