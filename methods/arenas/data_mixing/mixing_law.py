"""Data mixing laws: an exponential law of the loss, fitted to short runs and then minimised.

    L(r) = c + k exp(sum_j t_j r_j);   p = argmin of L over 10,000 mixtures drawn from a flat Dirichlet

Three restarts of least squares, a small ridge on t.

Departs from the paper: the law of the target alone, so one term; no laws of steps and size are nested, the short runs
are of the same model; least squares for a Huber loss; the lowest hundred drawn mixtures are averaged.

>>> import math
>>> round(2 + 1 * math.exp(-1.0 * 0.5), 4)
2.6065
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.arenas.data_mixing.stage.fits import dirichlet, law
from methods.kit.method import Beats, Card, Paper


class MixingLaw(DataMixingMethod):
    card = Card(
        title="Data mixing law",
        papers=(Paper("Data Mixing Laws: Optimizing Data Mixtures by Predicting Language Modeling Performance", 2024,
                      arxiv="2403.16952"),),
        fidelity="core",
        claims=(Beats("natural-shares", on="target_bpb", by=0.05), Beats("best-proxy", on="target_bpb")),
    )

    def prepare(self, task):
        _, _, t = law(task.mixtures, task.ends[:, -1], task.generator)
        drawn = dirichlet(10_000, task.many, task.generator).to(task.device)
        self.weights = drawn[(drawn @ t).topk(100, largest=False).indices].mean(0)

    def mixture(self, task):
        return self.weights
