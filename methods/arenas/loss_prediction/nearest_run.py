"""Nearest run: a run scores what the known run nearest to it in size, pieces read and kind of text scored.

    L(run) = L(argmin |log weights - log weights'|^2 + |log units - log units'|^2 + ...)

Logarithms of what differs between known runs, each divided by its deviation.

Follows the textbook.

>>> known = {1.0: 3.4, 4.0: 2.9}
>>> known[min(known, key=lambda x: abs(x - 3.0))]
2.9
"""


from methods.arenas.loss_prediction.arena import LossPredictionMethod
from methods.arenas.loss_prediction.stage.features import Scaled
from methods.kit.method import Card


class NearestRun(LossPredictionMethod):
    card = Card(title="Nearest run")

    def fit(self, runs, loss):
        self.scaled = Scaled(runs)
        self.known, self.loss = self.scaled(runs), loss

    def predict(self, runs):
        return self.loss[((self.scaled(runs)[:, None] - self.known) ** 2).sum(-1).argmin(1)]
