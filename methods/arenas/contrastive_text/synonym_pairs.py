"""Synonym pairs: a function means the same as itself with other names.

    L = -log exp(z_i z'_i / tau) / sum_j exp(z_i z'_j / tau),   z' of the function with its names exchanged

Follows the textbook.

>>> import torch
>>> round(contrast(torch.eye(2), torch.eye(2), None, 1.0).item(), 4)                       # log(1 + 1/e)
0.3133
"""

from methods.arenas.contrastive_text.arena import ContrastiveTextMethod
from methods.arenas.contrastive_text.stage.task import contrast
from methods.kit.method import Card
from methods.kit.params import param


class SynonymPairs(ContrastiveTextMethod):
    card = Card(title="Synonym pairs")

    tau: float = param(0.05, "temperature of the softmax", low=0.01, high=1.0)

    def fit(self, task):
        encoder = task.encoder()
        task.train([encoder], lambda ids, rows: contrast(encoder(ids), encoder(task.rewritten(("names",), rows)), None,
                                                         self.tau))
        return encoder
