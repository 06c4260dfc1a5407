"""Late up-sampling: the source most like the target is raised in the last fifth, while the rate falls to nothing.

    p natural until 1 - a of the steps, then half natural and half the source most like the target;   a = 0.2

The rate falls in a straight line to 0.

Departs from the paper: one source stands for its small sets of high quality, found by counts of pieces in what is known
of the target; only this method's rate falls to 0, that of its rivals here by a cosine to a tenth.

>>> [t >= 1 - 0.2 for t in (0.5, 0.9)]
[False, True]
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class LateUpsampling(DataMixingMethod):
    card = Card(
        title="Late up-sampling",
        papers=(Paper("Does your data spark joy? Performance gains from domain upsampling at the end of training", 2024,
                      arxiv="2406.03476"),),
        fidelity="core",
        claims=(Beats("natural-shares", on="target_bpb", by=0.02),
                Matches("natural-shares", on="general_bpb", within=0.03),
                Beats("upsampling-throughout", on="general_bpb")),
    )

    a: float = param(0.2, "share of the steps, at the end", low=0.05, high=1.0)

    def prepare(self, task):
        self.late = task.like_target(0.5)

    def mixture(self, task):
        return self.late if task.progress >= 1 - self.a else task.shares

    def rate(self, task):
        return min(1.0, (task.step + 1) / max(1.0, 0.1 * task.steps)) * (1 - task.progress)
