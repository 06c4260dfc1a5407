"""Error from compute: what is answered wrong falls as a power of compute.

    1 - y = E + A C^-a

Follows the textbook.

>>> 0.2 + 0.4 * 4.0 ** -0.5
0.4
"""

from methods.arenas.downstream_prediction.arena import DownstreamPredictionMethod
from methods.arenas.downstream_prediction.stage.runs import fitted, power_law
from methods.kit.method import Card


class ErrorFromCompute(DownstreamPredictionMethod):
    card = Card(title="Error from compute")

    def fit(self, known):
        self.theta = fitted(lambda theta: power_law(theta, known.models.compute),
                            [(floor, -0.5, rate) for floor in (0.0, 0.4) for rate in (0.05, 0.3)], (0.0, -10.0, 0.0),
                            (1.0, 3.0, 3.0), 1 - known.score)

    def predict(self, models):
        return 1 - power_law(self.theta, models.compute)
