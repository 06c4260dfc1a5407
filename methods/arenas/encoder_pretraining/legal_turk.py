"""LegalTurk: hidden words without a question about pairs; words put in their place are telling ones of the document.

    of 15 % chosen words 80 % masked, 10 % exchanged for w ~ tf(w, document) log(N / df(w)), 10 % left

    L = - mean over chosen t of log p(x_t | x~)

Departs from the paper: general English, and it goes on from an encoder that has read.

>>> import torch
>>> found = weights(torch.tensor([[2.0, 0.0], [2.0, 1.0]]))        # the second word is of one document: log 2
>>> [[round(float(w), 2) for w in row] for row in found]
[[0.0, 0.0], [0.0, 0.69]]
"""

import torch

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.task import guessed
from methods.arenas.encoder_pretraining.stage.words import RESERVED
from methods.kit.method import Beats, Card, Paper


def weights(counts):
    """(documents, V) term frequency times inverse document frequency."""
    return counts * (len(counts) / (counts > 0).sum(0).clamp(min=1)).log()


class LegalTurk(EncoderPretrainingMethod):
    card = Card(
        title="LegalTurk",
        papers=(Paper("LegalTurk Optimized BERT for Multi-Label Text Classification and NER", 2024,
                      arxiv="2407.00648"),),
        fidelity="core",
        claims=(Beats("bert", on="topic_bits", by=0.01),),
    )

    def prepare(self, task):
        _, self.document = task.documents.unique(return_inverse=True)
        counts = torch.zeros(int(self.document.max()) + 1, task.words, device=task.device)
        at = self.document[:, None].expand_as(task.text)
        counts.index_put_((at.flatten(), task.text.flatten()), torch.ones((), device=task.device), accumulate=True)
        counts[:, :RESERVED] = 0
        self.odds = (weights(counts) + 1e-9).cpu()
        return task.start()

    def loss(self, net, task):
        ids = task.draw()
        odds = self.odds[self.document[task.rows].cpu()]
        swaps = torch.multinomial(odds, ids.shape[1], True, generator=task.generator).to(ids.device)
        chosen = task.choose(ids, 0.15)
        return guessed(net, net(task.damaged(ids, chosen, swaps)), ids, chosen)
