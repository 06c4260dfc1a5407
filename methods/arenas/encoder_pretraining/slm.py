"""SLM: exchange words for any others and guess the original ones, at those places alone.

    L = - mean over swapped t of log p(x_t | x~),   15 % swapped, no masks

Begins from random weights, because an encoder that has learnt from masks never doubts a word that it sees.

Departs from the paper: a small encoder, and few steps.

>>> Slm().share
0.15
"""

import torch

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.task import guessed
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Slm(EncoderPretrainingMethod):
    card = Card(
        title="SLM",
        papers=(Paper("Structural Self-Supervised Objectives for Transformers", 2023, arxiv="2309.08272",
                      covers="guessing swapped words"),),
        fidelity="faithful",
        claims=(Beats("masked-language-model-scratch", on="probe_bits", by=0.01),),
    )

    share: float = param(0.15, "words that are swapped", low=0.05, high=0.6)

    def prepare(self, task):
        return task.blank()

    def loss(self, net, task):
        ids = task.draw()
        chosen = task.choose(ids, self.share)
        return guessed(net, net(torch.where(chosen, task.any_words(*ids.shape), ids)), ids, chosen)
