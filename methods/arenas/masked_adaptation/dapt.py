"""DAPT: guess hidden words of the domain before the task is met.

    L = - mean over chosen t of log p(x_t | x~), x from the domain

Of 15 % chosen words 80 % are masked, 10 % exchanged for any word, 10 % left.

Departs from the paper: two thirds of a pass over three thousand windows by a small encoder, where the paper takes
billions of words; the encoder is then frozen and a linear probe asked, where the paper tunes all of it on the task.

>>> import torch
>>> from methods.arenas.masked_adaptation.stage.task import guessed
>>> flat = type("Net", (), {"words": staticmethod(lambda h: torch.zeros(len(h), 4))})
>>> round(float(guessed(flat, torch.zeros(1, 2, 3), torch.tensor([[0, 1]]), torch.tensor([[True, False]]))), 4)
1.3863
"""

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.kit.method import Beats, Card, Paper


class Dapt(MaskedAdaptationMethod):
    card = Card(
        title="DAPT",
        papers=(Paper("Don't Stop Pretraining: Adapt Language Models to Domains and Tasks", 2020, arxiv="2004.10964",
                      covers="domain-adaptive pretraining"),),
        fidelity="core",
        claims=(Beats("no-adaptation", on="log_loss", by=0.02), Beats("irrelevant-domain", on="log_loss", by=0.02)),
    )
