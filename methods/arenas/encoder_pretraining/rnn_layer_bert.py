"""Recurrent layer on BERT: a bidirectional GRU after the last block.

    h' = h + W [GRU->(h), GRU<-(h)],   L = - mean over chosen t of log p(x_t | x~) from h'

The encoder asked has the GRU's states as well. It begins from random weights; a step costs 1.5 plain
ones.

Departs from the paper: a GRU stands for its recurrent layer, added to the stream.

>>> import torch
>>> Recurrent(4)(torch.zeros(1, 3, 4)).shape
torch.Size([1, 3, 4])
"""

from torch import nn

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.task import guessed
from methods.kit.method import Beats, Card, Paper


class Recurrent(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gru = nn.GRU(width, width // 2, batch_first=True, bidirectional=True)
        self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, width)
        nn.init.normal_(self.out.weight, std=0.02)
        nn.init.zeros_(self.out.bias)

    def forward(self, x, mask=None):
        return x + self.out(self.gru(self.norm(x))[0])


class RnnLayerBert(EncoderPretrainingMethod):
    card = Card(
        title="Recurrent layer on BERT",
        papers=(Paper("A Comprehensive Comparison of Pre-training Language Models", 2021, arxiv="2106.11483"),),
        fidelity="core",
        claims=(Beats("masked-language-model-scratch", on="topic_bits", by=0.01),),
        needs_scale=("Other variants, detection of replaced words among them, differ little at equal text and steps.",),
    )
    cost = 1.5

    def prepare(self, task):
        net = task.blank()
        net.blocks.append(Recurrent(net.width).to(task.device))
        return net

    def loss(self, net, task):
        ids = task.draw()
        chosen = task.choose(ids, 0.15)
        return guessed(net, net(task.damaged(ids, chosen)), ids, chosen)
