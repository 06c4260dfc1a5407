"""Masked language model: guess words that are hidden from all the others.

Of 15 % chosen words, drawn anew at each visit, 80 % are masked, 10 % exchanged for any word, 10 % left.

    L = - mean over chosen t of log p(x_t | x~)

The survey looks back from it on what pretraining has become.

Departs from the paper: it is a survey; its history is told here by one comparison.

>>> import torch
>>> from methods.arenas.encoder_pretraining.stage.task import guessed
>>> flat = type("Net", (), {"guess": staticmethod(lambda h: torch.zeros(len(h), 4))})
>>> round(float(guessed(flat, torch.zeros(1, 2, 3), torch.tensor([[0, 1]]), torch.tensor([[True, False]]))), 4)
1.3863
"""

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.task import guessed
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class MaskedLanguageModel(EncoderPretrainingMethod):
    card = Card(
        title="Masked language model",
        papers=(Paper("Pre-Trained Models: Past, Present and Future", 2021, arxiv="2106.07139",
                      covers="pretraining against none, words in context against vectors of words"),),
        fidelity="proxy",
        claims=(Beats("no-pretraining", on="probe_bits", by=0.05),
                Beats("static-embeddings", on="probe_bits", by=0.02)),
    )

    share: float = param(0.15, "words that are chosen", low=0.05, high=0.6)

    def loss(self, net, task):
        ids = task.draw()
        chosen = task.choose(ids, self.share)
        return guessed(net, net(task.damaged(ids, chosen)), ids, chosen)
