"""BERT: hidden words that stay the same at each visit, and whether the second half follows the first.

    L = - mean over chosen t of log p(x_t | x~) + CE(pool(h), next or random)

15 % of the words are chosen once for each window, with what is shown in their place; half of the pairs have a second
half from elsewhere.

Departs from the paper: it goes on from an encoder that has read; no first and separating symbols, the pair is judged
by the mean state; pairs are halves of a window; one mask a window, where the paper's text was masked ten times.

>>> from methods.arenas.encoder_pretraining.stage.task import NEXT, RANDOM
>>> NEXT, RANDOM
(0, 1)
"""

import torch

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.pairs import Pool, pair_loss
from methods.arenas.encoder_pretraining.stage.task import guessed
from methods.arenas.encoder_pretraining.stage.words import MASK
from methods.kit.method import Card, Paper


class Bert(EncoderPretrainingMethod):
    card = Card(
        title="BERT",
        papers=(Paper("BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", 2018,
                      arxiv="1810.04805"),),
        fidelity="core",
    )

    def prepare(self, task):
        net = task.start()
        task.add("pool", Pool(net.width, 2))
        size = (len(task.text), task.length)
        lots, self.swaps = task.lots(*size), task.any_words(*size)
        many = max(1, round(0.15 * task.length))
        self.chosen = lots >= lots.topk(many, 1).values[:, -1:]
        self.kind = task.lots(*size)
        return net

    def loss(self, net, task):
        ids, half, way = task.pair()
        rows = task.rows
        chosen, kind = self.chosen[rows], self.kind[rows]
        shown = torch.where(kind < 0.8, MASK, torch.where(kind < 0.9, self.swaps[rows], ids))
        state = net(torch.where(chosen, shown, ids), half.expand_as(ids))
        return guessed(net, state, ids, chosen) + pair_loss(net, task, state, way)
