"""What differs between runs, as features for methods without a law."""

from __future__ import annotations

import numpy as np

from methods.arenas.loss_prediction.stage.runs import Runs, Vector


class Scaled:
    """Logarithms of what differs between the known runs (n, k), each less its mean over its deviation."""

    def __init__(self, known: Runs):
        x = self._logs(known)
        self.kept = x.std(0) > 1e-9
        self.mean, self.deviation = x[:, self.kept].mean(0), x[:, self.kept].std(0)

    def __call__(self, runs: Runs) -> Vector:
        return (self._logs(runs)[:, self.kept] - self.mean) / self.deviation

    @staticmethod
    def _logs(runs: Runs) -> Vector:
        return np.log(np.maximum(np.column_stack([runs.weights, runs.units, runs.unique / runs.units, runs.packed,
                                                  runs.surprise, runs.grain, runs.before]), 0.1))
