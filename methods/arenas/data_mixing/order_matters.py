"""Order matters: first the sources with much text alone, then all with the scarce one, the rate begun anew.

    p_scarce = 0 for the first half of the steps, then `share`; others in natural proportion;   the rate warms up and
    falls in each half

Where the target is no source, the one most like it counts as the scarce one.

Departs from the paper: the start has read the rich sources already; one split of steps and one share; the optimizer's
averages are kept when the rate begins anew, and no rival's rate begins anew.

>>> [0.0 if t < 0.5 else 0.25 for t in (0.2, 0.7)]
[0.0, 0.25]
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.kit.lm_reading import warm_cosine
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class OrderMatters(DataMixingMethod):
    card = Card(
        title="Rich sources first",
        papers=(Paper("Order Matters in the Presence of Dataset Imbalance for Multilingual Learning", 2023,
                      arxiv="2312.06134"),),
        fidelity="core",
        claims=(Beats("natural-shares", on="target_bpb", setting="scarce", by=0.03),
                Beats("temperature-sampling", on="target_bpb", setting="scarce"),
                Beats("scarce-throughout", on="general_bpb", setting="scarce")),
    )

    share: float = param(0.5, "of the scarce source, in the second part", low=0.0, high=1.0)
    first: float = param(0.5, "of the steps, without the scarce source", low=0.0, high=0.9)

    def prepare(self, task):
        self.scarce = int(task.likeness().argmax()) if task.scarce is None else task.scarce

    def mixture(self, task):
        weights = task.shares.clone()
        weights[self.scarce] = 0
        weights = weights / weights.sum()
        if task.progress >= self.first:
            weights = weights * (1 - self.share)
            weights[self.scarce] = self.share
        return weights

    def rate(self, task):
        early = task.progress < self.first
        part = self.first if early else 1 - self.first
        return warm_cosine((task.progress - (0 if early else self.first)) / part, max(1, round(part * task.steps)))
