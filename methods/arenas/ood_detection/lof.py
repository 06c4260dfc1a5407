"""Local outlier factor: known drawings lie as densely around what is normal as around each other.

    s(x) = -mean over the 20 nearest of density(neighbour) / density(x)

Departs from the paper: one size of neighbourhood, where the paper advises the highest value over a range of sizes. The
implementation is scikit-learn's, with its defaults; new drawings are judged by known ones.

>>> -(0.5 / 0.25)
-2.0
"""

import torch
from sklearn.neighbors import LocalOutlierFactor

from methods.arenas.ood_detection.arena import OodDetectionMethod
from methods.kit.method import Card, Paper
from methods.kit.params import param


class Lof(OodDetectionMethod):
    card = Card(
        title="Local outlier factor",
        papers=(Paper("LOF: Identifying Density-Based Local Outliers", 2000),),
        fidelity="faithful",
    )

    k: int = param(20, "how many neighbours give the density", low=2, high=200)

    def fit(self, task):
        self.found = LocalOutlierFactor(min(self.k, len(task.x) - 1), novelty=True).fit(task.x.cpu().numpy())

    def score(self, x, task):
        return torch.from_numpy(self.found.score_samples(x.cpu().numpy())).to(x.device)
