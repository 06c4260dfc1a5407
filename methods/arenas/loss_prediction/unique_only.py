"""Only what is new counts: Chinchilla's law in the different pieces read, so that reading again is for nothing.

    L(N, U) = E + A / N^alpha + B / U^beta

Follows the textbook.

>>> min(4 * 1000, 2500)                                  # 4,000 pieces read from a text of 2,500
2500
"""

from methods.arenas.loss_prediction.arena import LossPredictionMethod
from methods.arenas.loss_prediction.stage.chinchilla import HIGH, LOW, STARTS, chinchilla
from methods.kit.method import Card


class UniqueOnly(LossPredictionMethod):
    card = Card(title="Only new text counts")
    starts, low, high = STARTS, LOW, HIGH

    def law(self, theta, runs):
        return chinchilla(theta, runs.weights, runs.unique)
