"""Standard: one rate for all layers, and the best rate of a small model for every width.

    maps start with deviation ~ 1 / sqrt(n),   rate(n) = best rate at width 16

Follows the textbook.

>>> 0.05 * (16 / 64) ** 0.5                              # deviation at width 64
0.025
"""

from methods.arenas.hyperparameter_transfer.arena import HyperparameterTransferMethod
from methods.kit.method import Card


class Standard(HyperparameterTransferMethod):
    card = Card(title="Standard")
