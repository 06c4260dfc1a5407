"""GRU: a state that gates let in and out, one step after another.

    z, r = gates(x_t, h_{t-1});  h_t = z h_{t-1} + (1 - z) tanh(W x_t + r U h_{t-1})

Departs from the paper: r after the map of the state, which has a bias, where the paper has U (r h_{t-1}); a block's
mixer beside feed-forward parts, in place of an encoder and a decoder.

>>> from torch import nn
>>> sum(p.numel() for p in nn.GRU(32, 32).parameters())                  # 3 (32 * 32 + 32 * 32 + 32 + 32)
6336
"""

from torch import nn

from methods.arenas.sequence_mixers.arena import SequenceMixersMethod
from methods.kit.method import Card, Paper


class Recurrent(nn.Module):
    def __init__(self, site):
        super().__init__()
        self.run = nn.GRU(site.width, site.width, batch_first=True)

    def forward(self, x):
        return self.run(x)[0]


class Gru(SequenceMixersMethod):
    card = Card(
        title="GRU",
        papers=(Paper("Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation",
                      2014, arxiv="1406.1078"),),
        fidelity="core",
    )

    def mixer(self, site):
        return Recurrent(site)
