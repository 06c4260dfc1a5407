"""RTS: exchange words for any others and tell, of every word, whether it was exchanged.

    L = mean over all t of BCE(w . h_t, x~_t is not x_t),   15 % swapped uniformly over the vocabulary

Begins from random weights, as its rival does, at the arena's rate. The detector learns: its loss ends well
below that of always saying 15 %.

Departs from the paper: a small encoder, and few steps.

>>> import torch
>>> from methods.arenas.encoder_pretraining.stage.task import detected
>>> round(float(detected(torch.zeros(1, 2), torch.tensor([[True, False]]))), 4)
0.6931
"""

import torch
from torch import nn

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.task import detected
from methods.kit.method import Card, Matches, Paper
from methods.kit.params import param


class Rts(EncoderPretrainingMethod):
    card = Card(
        title="RTS",
        papers=(Paper("Structural Self-Supervised Objectives for Transformers", 2023, arxiv="2309.08272",
                      covers="telling swapped words"),),
        fidelity="faithful",
        claims=(Matches("masked-language-model-scratch", on="probe_bits", within=0.02, cost="seconds"),),
    )

    share: float = param(0.15, "words that are swapped", low=0.05, high=0.6)

    def prepare(self, task):
        net = task.blank()
        task.add("head", nn.Linear(net.width, 1))
        return net

    def loss(self, net, task):
        ids = task.draw()
        swapped = torch.where(task.choose(ids, self.share), task.any_words(*ids.shape), ids)
        return detected(task.parts["head"](net.norm(net(swapped)))[..., 0], swapped != ids)
