"""Square root: one rate for all layers, which falls as the square root of width.

    rate(n) = best rate at width 16 * sqrt(16 / n)

Follows the textbook.

>>> 0.01 * (16 / 64) ** 0.5
0.005
"""

from methods.arenas.hyperparameter_transfer.arena import HyperparameterTransferMethod
from methods.kit.method import Card


class SquareRoot(HyperparameterTransferMethod):
    card = Card(title="Square root of width")

    def plan(self, known):
        return super().plan(known) * (known.weights[1] / known.wide) ** 0.25
