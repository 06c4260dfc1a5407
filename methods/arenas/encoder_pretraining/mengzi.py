"""Mengzi: hidden words, together with what words look like and the order of two segments.

    L = - mean over chosen t of log p(x_t | x~) + mean over all t of CE(tag(h_t), kind of x_t) + CE(pool(h), order)

Kinds are five, given by rules on spelling: word, short word, ending, number, sign. The probe's classes are not used.

Departs from the paper: rules in place of a tagger, the halves of a window as segments, English; the paper's corrections
of gradients, its optimizer and its fine-tuning are left out.

>>> KINDS
5
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.pairs import Pool, pair_loss, swapped
from methods.arenas.encoder_pretraining.stage.task import guessed
from methods.kit.method import Beats, Card, Paper

KINDS = 5


class Mengzi(EncoderPretrainingMethod):
    card = Card(
        title="Mengzi",
        papers=(Paper("Mengzi: Towards Lightweight yet Ingenious Pre-trained Models for Chinese", 2021,
                      arxiv="2110.06696"),),
        fidelity="core",
        claims=(Beats("masked-language-model", on="probe_bits", by=0.01),),
    )

    def prepare(self, task):
        net = task.start()
        task.add("pool", Pool(net.width, 2))
        task.add("tag", nn.Linear(net.width, KINDS))
        return net

    def loss(self, net, task):
        ids, order = swapped(task, task.draw())
        chosen = task.choose(ids, 0.15)
        state = net(task.damaged(ids, chosen), task.halves.expand_as(ids))
        tagged = F.cross_entropy(task.parts["tag"](net.norm(state)).flatten(0, 1), task.kinds[ids].flatten())
        return guessed(net, state, ids, chosen) + tagged + pair_loss(net, task, state, order)
