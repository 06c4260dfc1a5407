"""Untrained: the encoder with the weights that everybody starts from.

What the probe finds in random convolutions. Training that ends below has unlearnt something.
"""

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.kit.method import Card


class Untrained(SelfSupervisionMethod):
    card = Card(title="Untrained encoder")

    def fit(self, task):
        return self.network(task).encoder
