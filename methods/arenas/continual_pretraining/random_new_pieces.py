"""Random new pieces: 64 more pieces from the new text, with embeddings drawn anew.

    e(w) ~ N(0, 0.05^2), as all embeddings once began

Follows the textbook.

>>> 512 + 64
576
"""

import torch

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.arenas.continual_pretraining.stage.pieces import NewPieces
from methods.kit.method import Card


class RandomNewPieces(NewPieces, ContinualPretrainingMethod):
    card = Card(title="Random new pieces")
    rate_factor = 1 / 3

    def rows(self, net, old, task):
        return 0.05 * torch.randn(len(old), net.width)
