"""MonoByte: hidden stretches of bytes of one language, without units that were learnt.

    L = - mean over bytes t in one stretch of 20 of log p(x_t | x~)

Departs from the paper: an encoder names hidden bytes at their places, where the paper's decoder writes them one after
another; a stretch has 20 bytes, not 20 on average, and a row of 144 bytes has one (14 %).

>>> import torch
>>> from methods.arenas.pretraining_corpora.stage.spans import spans
>>> spans(torch.tensor([[0.9, 0.1, 0.8, 0.7]]), 0.5, 2).tolist()           # the lowest lot is where one begins
[[False, True, True, False]]
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.arenas.pretraining_corpora.stage.spans import spans
from methods.arenas.pretraining_corpora.stage.task import guessed
from methods.arenas.pretraining_corpora.stage.words import MASK
from methods.kit.method import Beats, Card, Matches, Paper

LONG = 20


class MonoByte(PretrainingCorporaMethod):
    card = Card(
        title="MonoByte",
        papers=(Paper("MonoByte: A Pool of Monolingual Byte-level Language Models", 2022,
                      arxiv="2209.11035"),),
        fidelity="core",
        claims=(Beats("no-pretraining", on="probe_bits", by=0.03),
                Matches("multilingual-byte", on="probe_bits", within=0.02),),
    )
    long = 3                    # rows of 144 bytes
    pieces = 264                # the bytes, and eight that stand for nothing

    def loss(self, net, task):
        ids, _ = task.draw()
        chosen = spans(task.lots(*ids.shape), 0.15, LONG)
        return guessed(net, net.states(ids.masked_fill(chosen, MASK))[-1], ids, chosen)
