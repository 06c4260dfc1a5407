"""Untrained: the encoder as it was drawn.

Follows the textbook.
"""

from methods.arenas.weak_pretraining.arena import WeakPretrainingMethod
from methods.kit.method import Card


class Untrained(WeakPretrainingMethod):
    card = Card(title="Untrained")

    def pretrain(self, task):
        return task.encoder()
