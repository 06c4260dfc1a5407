"""ALBERT: small embeddings, one block applied again and again, and the order of two segments.

    e = W E[x], E of a third of the width;   L = - mean over chosen t of log p(x_t | x~) + CE(pool(h), order)

Half of the windows have their halves swapped. It begins from random weights, as its rival does.

Departs from the paper: as wide as the others, so that it has fewer weights at equal computing; segments are halves of
a window, judged by the mean state; plain 15 % masks, not runs.

>>> import torch
>>> SmallEmbedding(10, 6, 2)(torch.tensor([1])).shape
torch.Size([1, 6])
"""

from torch import nn

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.pairs import Pool, pair_loss, swapped
from methods.arenas.encoder_pretraining.stage.task import guessed
from methods.kit.method import Card, Matches, Paper


class SmallEmbedding(nn.Module):
    """`small` numbers a word, and one map to the width; `weight` is what they make."""

    def __init__(self, words, width, small):
        super().__init__()
        self.rows, self.rise = nn.Embedding(words, small), nn.Linear(small, width, bias=False)
        nn.init.normal_(self.rows.weight, std=0.1 * (width / small) ** 0.5)
        nn.init.orthogonal_(self.rise.weight)

    @property
    def weight(self):
        return self.rise(self.rows.weight)

    def forward(self, ids):
        return self.rise(self.rows(ids))


class Albert(EncoderPretrainingMethod):
    card = Card(
        title="ALBERT",
        papers=(Paper("ALBERT: A Lite BERT for Self-supervised Learning of Language Representations", 2019,
                      arxiv="1909.11942"),),
        fidelity="core",
        claims=(Matches("masked-language-model-scratch", on="probe_bits", within=0.03, cost="parameters"),),
        needs_scale=("Asking for the order of segments helps tasks on several sentences, and more than asking whether "
                     "one follows the other.",),
    )

    def prepare(self, task):
        net = task.blank()
        net.embed = SmallEmbedding(task.words, net.width, net.width // 3).to(task.device)
        net.blocks = nn.ModuleList([net.blocks[0]] * len(net.blocks))
        task.add("pool", Pool(net.width, 2))
        return net

    def loss(self, net, task):
        ids, order = swapped(task, task.draw())
        chosen = task.choose(ids, 0.15)
        state = net(task.damaged(ids, chosen), task.halves.expand_as(ids))
        return guessed(net, state, ids, chosen) + pair_loss(net, task, state, order)
