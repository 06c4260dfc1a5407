"""Gaussian process: log loss as a smooth function of the logarithms of what differs between runs.

    log L ~ GP(linear in x, s^2 exp(-|x - x'|^2 / 2 l^2) + noise),   x = logs, standardised

Scales are those of the highest marginal likelihood; the linear part is fitted first, by least squares.

Follows the textbook.

>>> from math import exp
>>> round(exp(-1.0 ** 2 / 2), 3)                         # two runs one length apart
0.607
"""

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from methods.arenas.loss_prediction.arena import LossPredictionMethod
from methods.arenas.loss_prediction.stage.features import Scaled
from methods.kit.method import Card


class GaussianProcess(LossPredictionMethod):
    card = Card(title="Gaussian process")

    def fit(self, runs, loss):
        self.scaled = Scaled(runs)
        x = self.scaled(runs)
        self.line = np.linalg.lstsq(self._lined(x), np.log(loss), rcond=None)[0]
        rest = np.log(loss) - self._lined(x) @ self.line
        kernel = ConstantKernel(1.0) * RBF(1.0, (0.1, 10.0)) + WhiteKernel(0.1)
        self.process = GaussianProcessRegressor(kernel, normalize_y=True, random_state=0).fit(x, rest)

    def predict(self, runs):
        x = self.scaled(runs)
        return np.exp(self._lined(x) @ self.line + self.process.predict(x))

    @staticmethod
    def _lined(x):
        return np.column_stack([np.ones(len(x)), x])
