"""SimCSE: a text means the same as itself, read again with other parts dropped.

    L = -log exp(z_i z'_i / tau) / sum_j exp(z_i z'_j / tau),   z and z' differ in dropout

Departs from the paper: dropout acts on the last states only; z is their mean, without the layer that the paper trains
on its first token's state.

>>> import torch
>>> round(contrast(torch.eye(2), torch.eye(2), None, 1.0).item(), 4)                       # log(1 + 1/e)
0.3133
"""

from methods.arenas.contrastive_text.arena import ContrastiveTextMethod
from methods.arenas.contrastive_text.stage.task import contrast
from methods.kit.method import Card, Paper
from methods.kit.params import param


class Simcse(ContrastiveTextMethod):
    card = Card(
        title="SimCSE",
        papers=(Paper("SimCSE: Simple Contrastive Learning of Sentence Embeddings", 2021, arxiv="2104.08821"),),
        fidelity="core",
    )

    tau: float = param(0.05, "temperature of the softmax", low=0.01, high=1.0)
    dropout: float = param(0.1, "share of the states that is dropped", low=0.0, high=0.9)

    def fit(self, task):
        encoder = task.encoder()
        task.train([encoder], lambda ids, rows: contrast(encoder(ids, self.dropout), encoder(ids, self.dropout), None,
                                                         self.tau))
        return encoder
