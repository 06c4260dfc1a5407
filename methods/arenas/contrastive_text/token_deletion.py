"""Token deletion: a text means the same as itself with some tokens hidden.

    L = -log exp(z_i z'_i / tau) / sum_j exp(z_i z'_j / tau),   z' of the text with a share of its tokens hidden

What fills a short text up to 64 tokens can be hidden, too, and then counts as a token.

Follows the textbook.

>>> import torch
>>> round(contrast(torch.eye(2), torch.eye(2), None, 1.0).item(), 4)                       # log(1 + 1/e)
0.3133
"""

import torch

from methods.arenas.contrastive_text.arena import ContrastiveTextMethod
from methods.arenas.contrastive_text.stage.task import MASK, contrast
from methods.kit.method import Card
from methods.kit.params import param


class TokenDeletion(ContrastiveTextMethod):
    card = Card(title="Token deletion")

    tau: float = param(0.05, "temperature of the softmax", low=0.01, high=1.0)
    share: float = param(0.2, "share of the tokens that is hidden", low=0.0, high=0.9)

    def fit(self, task):
        encoder = task.encoder()

        def loss(ids, rows):
            fewer = ids.masked_fill(torch.rand(ids.shape, device=ids.device) < self.share, MASK)
            return contrast(encoder(ids), encoder(fewer), None, self.tau)

        task.train([encoder], loss)
        return encoder
