"""Tests seen: all rewritings of the tests themselves are learnt, as AMR-LE and synonym pairs would.

No method that has not seen the tests can count on more; it is the upper end of this arena, not a contestant.

    L = contrast of functions and rewritings (names, laws), those that mean something else among the others

Follows the textbook.

>>> import torch
>>> round(contrast(torch.eye(2), torch.eye(2), None, 1.0).item(), 4)                       # log(1 + 1/e)
0.3133
"""

import torch

from methods.arenas.contrastive_text.arena import ContrastiveTextMethod
from methods.arenas.contrastive_text.stage.task import contrast
from methods.kit.method import Card
from methods.kit.params import param


class SeesTests(ContrastiveTextMethod):
    card = Card(title="Tests seen (upper bound)")
    sees_tests = True

    tau: float = param(0.05, "temperature of the softmax", low=0.01, high=1.0)

    def fit(self, task):
        encoder, seen = task.encoder(), task.test_kinds

        def loss(ids, rows):
            at = torch.randint(len(seen.test), (len(rows),), device=ids.device)
            kind = "law" if torch.rand(()) < 0.5 else "names"
            return contrast(encoder(seen.test[at]), encoder(seen.test_kinds[kind][at]),
                            encoder(seen.test_kinds["broken"][at]), self.tau)

        task.train([encoder], loss)
        return encoder
