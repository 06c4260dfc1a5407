"""Inadequate pretraining: how much of the features lies outside of their main directions.

    F - mean = U S V',   s = sum over i > k of S_i^2 / sum over all i of S_i^2

A training learns directions of large singular values first and the remainder late, as the paper finds: the first serve
a probe, the remainder fine-tuning, so that the best moment for a probe is in the middle.

Departs from the paper: a study of that by dropping either part, and no rule to choose by; this orders models by the
remainder alone, with k of the main directions. Its finding about source accuracy is on that method's card.

>>> import torch
>>> remainder(torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]]), 1)
0.2
"""

import torch

from methods.arenas.model_selection.arena import ModelSelectionMethod
from methods.arenas.model_selection.stage.task import centred
from methods.kit.method import Card, GainGrows, Paper
from methods.kit.params import param


class InadequatePretraining(ModelSelectionMethod):
    card = Card(
        title="Inadequate pretraining",
        papers=(Paper("Towards Inadequately Pre-trained Models in Transfer Learning", 2022, arxiv="2203.04668",
                      covers="why the best moment of a training differs for a probe and for fine-tuning"),),
        fidelity="proxy",
        claims=(GainGrows("random", on="tau", from_="checkpoints", to="fine-tuned-checkpoints"),),
    )

    k: int = param(5, "main directions, whose part is left out", low=1, high=16)

    def score(self, model, task):
        return remainder(model.features, self.k)


def remainder(f, k):
    values = torch.linalg.svdvals(centred(f).double()).square()
    return round((values[k:].sum() / values.sum().clamp(min=1e-12)).item(), 9)
