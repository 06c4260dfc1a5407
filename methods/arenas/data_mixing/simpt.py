"""SimPT: the small source is read as much as all others together, from the first step on.

    p_small = 1/2,   p_s = 1/2 N_s / sum of the others

Where the target is no source, the small source is the one most like it.

Departs from the paper: a causal model goes on from a start, for BERT from the beginning; no vocabulary is made.

>>> [0.5 * n / 40 for n in (10, 30)]
[0.125, 0.375]
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.kit.method import Beats, Card, Paper


class Simpt(DataMixingMethod):
    card = Card(
        title="SimPT",
        papers=(Paper("Pre-training technique to localize medical BERT and enhance biomedical BERT", 2020,
                      arxiv="2005.07202"),),
        fidelity="core",
        claims=(Beats("natural-shares", on="target_bpb", setting="scarce", by=0.05),
                Beats("target-only", on="target_bpb", setting="scarce", by=0.02)),
    )

    def prepare(self, task):
        small = int(task.likeness().argmax()) if task.scarce is None else task.scarce
        weights = task.shares.clone()
        weights[small] = 0
        self.weights = weights / weights.sum() / 2
        self.weights[small] = 0.5

    def mixture(self, task):
        return self.weights
