"""Long context of the domain: whole passages, each word seeing near ones and one that sees all.

    t sees s where |t - s| <= w/2, s = 1 or t = 1; places repeat every 64; L = L_MLM on whole passages of the domain

Others read the first 64 words of a passage, it reads all 384.

Departs from the paper: only the windowed model of its two; no more words a step than others have, so two passages; the
first word is the one that sees all, with the same maps as the others, where the paper's model has maps of its own for
it.

>>> LongContextDomain().values()
{'window': 32}
"""

import torch

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.arenas.masked_adaptation.stage.far import read_long
from methods.arenas.masked_adaptation.stage.task import guessed
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class LongContextDomain(MaskedAdaptationMethod):
    card = Card(
        title="Long context of the domain",
        papers=(Paper("Domain-specific Continued Pretraining of Language Models for Capturing Long Context in Mental "
                      "Health", 2023, arxiv="2304.10447"),),
        fidelity="core",
        claims=(Beats("dapt", on="log_loss", setting="passages", by=0.02),),
    )
    reads = "whole"

    window: int = param(32, "how many words around it a word sees", low=2, high=64)

    def loss(self, net, task):
        length = task.texts["domain"].shape[1]
        ids = task.draw(many=max(2, task.size * 64 // length) if length > 64 else task.size)
        chosen = task.choose(ids, self.share)
        return guessed(net, read_long(net, task.damaged(ids, chosen), self.window)[1], ids, chosen)

    def tune(self, net, task):
        whole = task.classes.dim() == 1

        def states(ids):
            found = torch.cat(read_long(net, ids, self.window), -1)
            return found.mean(1) if whole else found

        return task.tune(net, states=states)
