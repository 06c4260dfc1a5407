"""Clustering on difficulty: items that become easy together are foretold together.

An item's difficulty vector is its probability of being right over the known models, in order of compute. Vectors are
grouped by mean shift; each group's mean follows

    y_k(C) = g + (1 - g) exp(-a C^-b - c)

and groups that are small, do not rise or fit badly are left out. The mean over the kept groups at a larger C is mapped
to all items by a line fitted to the known models.

Departs from the paper: shares of probability take the place of pass rates over samples; they are grouped by their means
over quarters of the known models; the plain mean shift, without a limit on a group's radius; a line takes the place of
the paper's smooth map, which is held at zero and one. Where no group is kept, the mean of the known scores is foretold.

>>> from math import exp
>>> round(0.25 + 0.75 * exp(-1.0 * 4.0 ** -0.5 - 0.5), 3)
0.526
"""

import numpy as np
from sklearn.cluster import MeanShift

from methods.arenas.downstream_prediction.arena import DownstreamPredictionMethod
from methods.arenas.downstream_prediction.stage.runs import fitted
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class ClusteringOnDifficulty(DownstreamPredictionMethod):
    card = Card(
        title="Clustering on difficulty",
        papers=(Paper("Unveiling Downstream Performance Scaling of LLMs: A Clustering-Based Perspective", 2025,
                      arxiv="2502.17262"),),
        fidelity="core",
        claims=(Beats("accuracy-extrapolation", on="prediction_error"),
                Beats("loss-intermediate", on="prediction_error")),
        waivers={"knob:radius": "the made-up answers of the rehearsal hold no group that can be foretold"},
    )

    radius: float = param(0.35, "bandwidth of mean shift, in twice the deviation of all vectors", low=0.05, high=3.0)

    def fit(self, known):
        order = np.argsort(known.models.compute)
        self.chance, compute, vectors = known.chance, known.models.compute[order], known.shares[order]
        thirds = np.stack([part.mean(0) for part in np.array_split(vectors, 4)], 1)
        groups = MeanShift(bandwidth=self.radius * 2 * thirds.std(), bin_seeding=True).fit_predict(thirds)
        self.curves, sizes, followed = [], [], []
        for group in range(groups.max() + 1):
            mean = vectors[:, groups == group].mean(1)
            theta = fitted(lambda theta: self._curve(theta, compute), [(1.0, 0.3, 0.0), (3.0, 0.1, 0.2)],  # noqa: B023
                           (0.0, 0.0, 0.0), (60.0, 3.0, 20.0), mean)
            left = ((self._curve(theta, compute) - mean) ** 2).mean()
            if (groups == group).sum() >= 5 and theta[0] * theta[1] > 1e-6 and left < 0.5 * mean.var():
                self.curves.append(theta)
                sizes.append((groups == group).sum())
                followed.append(mean)
        self.sizes = np.array(sizes, float)
        seen = self.sizes @ np.array(followed) / self.sizes.sum() if sizes else np.zeros(len(compute))
        self.map = np.polyfit(seen, known.score[order], 1 if sizes else 0)

    def predict(self, models):
        if not self.curves:
            return np.full(len(models), self.map[-1])
        each = np.array([self._curve(theta, models.compute) for theta in self.curves])
        return np.polyval(self.map, self.sizes @ each / self.sizes.sum())

    def _curve(self, theta, compute):
        return self.chance + (1 - self.chance) * np.exp(-theta[0] * compute ** -theta[1] - theta[2])
