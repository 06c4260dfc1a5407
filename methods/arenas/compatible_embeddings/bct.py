"""Backward-compatible training: the previous model's classifier must be able to read the new embeddings.

    loss = CE(new classifier) + weight CE(old classifier, frozen; over drawings of kinds that it knows)

Departs from the paper: all drawings of the old kinds are shown again, and no margins or face networks.
"""

import torch.nn.functional as F

from methods.arenas.compatible_embeddings.arena import CompatibleMethod
from methods.kit.method import Card, Paper
from methods.kit.params import param


class Bct(CompatibleMethod):
    card = Card(
        title="Backward-compatible training",
        papers=(Paper("Towards Backward-Compatible Representation Learning", 2020, arxiv="2003.11942"),),
        fidelity="faithful",
        reduces_to=("independent", {"weight": 0.0}),
    )

    weight: float = param(1.0, "of the old classifier's loss", low=0.0, high=10.0)

    def loss(self, z, logits, x, y, task):
        named, known = F.cross_entropy(logits, y), y < task.old_kinds
        if not known.any():
            return named
        return named + self.weight * F.cross_entropy(task.old_classifier(z[known]), y[known])
