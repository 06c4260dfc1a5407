"""Random: the models are ordered by lot.

What is reached without looking.
"""

import torch

from methods.arenas.model_selection.arena import ModelSelectionMethod
from methods.kit.method import Card


class Random(ModelSelectionMethod):
    card = Card(title="Random order")

    def score(self, model, task):
        return float(torch.rand(()))
