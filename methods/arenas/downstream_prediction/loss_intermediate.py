"""By way of the loss: compute foretells the loss, and the loss foretells the score.

    L = E + A C^-a,   y = g + (1 - g) sigmoid(p + q L),   g = chance

Both are fitted to the known models.

Follows the textbook.

>>> 2.0 + 1.0 * 4.0 ** -0.5
2.5
"""

from methods.arenas.downstream_prediction.arena import DownstreamPredictionMethod
from methods.arenas.downstream_prediction.stage.runs import LOSS, fitted, power_law, sigmoid
from methods.kit.method import Card


class LossIntermediate(DownstreamPredictionMethod):
    card = Card(title="By way of the loss")

    def fit(self, known):
        self.chance = known.chance
        self.loss = fitted(lambda theta: power_law(theta, known.models.compute), wanted=known.loss, **LOSS)
        self.theta = fitted(lambda theta: self._curve(theta, known.loss), [(3.0, -2.0), (0.0, 0.0)], (-60.0, -40.0),
                            (60.0, 40.0), known.score)

    def predict(self, models):
        return self._curve(self.theta, power_law(self.loss, models.compute))

    def _curve(self, theta, loss):
        return self.chance + (1 - self.chance) * sigmoid(theta[0] + theta[1] * loss)
