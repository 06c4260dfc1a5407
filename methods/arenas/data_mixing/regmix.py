"""RegMix: a regression from mixtures to losses, and the mean of the best mixtures it foresees.

    L_target(w) = w . beta + c  by least squares on short runs;   p = mean of the 100 lowest of 10,000 drawn mixtures

Departs from the paper: 24 short runs of the same model from a start, for 512 of a far smaller one; a linear fit with a
small ridge for LightGBM, which the paper offers as well; 10,000 draws for 100,000, from a flat Dirichlet for one about
the natural shares.

>>> sum(b * w for b, w in zip((2.0, 4.0), (0.5, 0.5)))
3.0
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.arenas.data_mixing.stage.fits import dirichlet, linear
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Regmix(DataMixingMethod):
    card = Card(
        title="RegMix",
        papers=(Paper("RegMix: Data Mixture as Regression for Language Model Pre-training", 2024, arxiv="2407.01492"),),
        fidelity="core",
        claims=(Beats("natural-shares", on="target_bpb", by=0.05), Beats("best-proxy", on="target_bpb", by=0.02)),
    )

    kept: int = param(100, "of 10,000 mixtures, the best", low=1, high=10_000)

    def prepare(self, task):
        beta = linear(task.mixtures, task.ends[:, -1])
        drawn = dirichlet(10_000, task.many, task.generator).to(task.device)
        self.weights = drawn[(drawn @ beta).topk(self.kept, largest=False).indices].mean(0)

    def mixture(self, task):
        return self.weights
