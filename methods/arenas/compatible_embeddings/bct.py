"""Backward-compatible training: the previous model's classifier must be able to read the new embeddings.

    loss = CE(new classifier) + weight CE(old classifier, frozen; over drawings of kinds that it knows)

Departs from the paper: all drawings of the old kinds are shown again; drawings of new kinds are left out of the old
classifier's loss, where the paper can give it rows for them from the old model's mean embeddings; no margins or face
networks. Written from a description, not compared with the authors' code.

>>> import torch
>>> from types import SimpleNamespace
>>> task = SimpleNamespace(old_kinds=1, old_classifier=lambda z: z)
>>> logits, y = torch.zeros(2, 4), torch.tensor([0, 3])                    # log 4 of the new, log 2 of the one old kind
>>> round(Bct().loss(torch.zeros(2, 2), logits, None, y, task).item(), 4)
2.0794
"""

import torch.nn.functional as F

from methods.arenas.compatible_embeddings.arena import CompatibleMethod
from methods.kit.method import Card, Paper
from methods.kit.params import param


class Bct(CompatibleMethod):
    card = Card(
        title="Backward-compatible training",
        papers=(Paper("Towards Backward-Compatible Representation Learning", 2020, arxiv="2003.11942"),),
        fidelity="core",
        reduces_to=("independent", {"weight": 0.0}),
    )

    weight: float = param(1.0, "of the old classifier's loss", low=0.0, high=10.0)

    def loss(self, z, logits, x, y, task):
        named, known = F.cross_entropy(logits, y), y < task.old_kinds
        if not known.any():
            return named
        return named + self.weight * F.cross_entropy(task.old_classifier(z[known]), y[known])
