"""A tagger of another kind: word vectors, a recurrent layer each way, and a layer of classes."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class BiLstm(nn.Module):
    """Words (B, T) -> logits (B, T, classes); `vectors` (V, D) are where the word vectors begin."""

    def __init__(self, vectors: Tensor, hidden: int, classes: int):
        super().__init__()
        self.embed = nn.Embedding.from_pretrained(vectors.clone(), freeze=False)
        self.both = nn.LSTM(vectors.shape[1], hidden, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * hidden, classes)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.both(self.embed(ids))[0])


def tagger(task) -> BiLstm:
    """Its word vectors are those of the small language model, as wide as its layers."""
    vectors = task.start["embed.weight"]
    with torch.no_grad():
        return BiLstm(vectors, vectors.shape[1], task.many_classes).to(task.trial.device)
