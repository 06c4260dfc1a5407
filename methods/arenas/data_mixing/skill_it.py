"""Skill-it: sources that help where the loss is high are read more.

    A_sj = max(0, what reading s lowers the loss on j);   p_s ~ exp(eta sum over the last 3 rounds of sum_j A_sj L_j)

A is the slope of short runs' losses by mixtures, turned, above the mean source's, each column divided by its largest.
In target runs j is the target alone.

Departs from the paper: A from short runs on mixtures, not on one source each; it is graded, not 0 or 1, and what helps
no more than the mean source counts as 0; the first mixture, too, goes by the loss, where there all losses count as one.

>>> import math
>>> a = [math.exp(0.5 * x) for x in (2.0, 0.0)]
>>> round(a[0] / sum(a), 3)
0.731
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.arenas.data_mixing.stage.fits import linear
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

WINDOW = 3


class SkillIt(DataMixingMethod):
    card = Card(
        title="Skill-it",
        papers=(Paper("Skill-it! A Data-Driven Skills Framework for Understanding and Training Language Models", 2023,
                      arxiv="2307.14430"),),
        fidelity="core",
        claims=(Beats("uniform-sources", on="target_bpb"), Beats("target-only", on="target_bpb")),
    )

    eta: float = param(0.2, "how sharp the mixture is", low=0.0, high=2.0)

    def prepare(self, task):
        helps = -linear(task.mixtures, task.ends[:, -1])
        helps = (helps - helps.mean()).clamp(min=0)
        self.helps, self.seen = helps / helps.max().clamp(min=1e-9), []

    def mixture(self, task):
        self.seen.append(float(task.losses()[-1]))
        return (self.eta * self.helps * sum(self.seen[-WINDOW:])).softmax(0)
