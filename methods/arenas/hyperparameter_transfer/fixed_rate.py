"""Fixed rate: 0.005 at any size, as rules of thumb have it.

    rate = 0.005

Follows the textbook.

>>> 5e-3
0.005
"""

from methods.arenas.hyperparameter_transfer.arena import HyperparameterTransferMethod
from methods.kit.method import Card
from methods.kit.params import param


class FixedRate(HyperparameterTransferMethod):
    card = Card(title="Fixed rate")

    rate: float = param(0.005, "of all layers", low=0.0001, high=0.1)

    def plan(self, known):
        return self.rate
