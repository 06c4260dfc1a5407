"""Untrained: the nearest mean of the features of random weights.

What the network's shape alone is good for; the lower end of this arena.

Follows the textbook.
"""

from methods.arenas.few_shot_pretraining.arena import PretrainingMethod
from methods.kit.method import Card


class Untrained(PretrainingMethod):
    card = Card(title="Untrained network")
    uses_labels = False

    def fit(self, task):
        return task.encoder()
