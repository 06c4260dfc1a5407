"""Last-layer PGD: turn the encoder's features away from what they were.

Needs no label: the features that every private model reads are turned as far as the radius allows.

Follows the textbook.
"""

import torch.nn.functional as F

from methods.arenas.adversarial_transfer.arena import AttackMethod
from methods.kit.method import Card


class LastLayerPgd(AttackMethod):
    card = Card(title="Last-layer PGD")

    def objective(self, moved, clean, task):
        return 1 - F.cosine_similarity(task.look(moved).features, clean.features)
