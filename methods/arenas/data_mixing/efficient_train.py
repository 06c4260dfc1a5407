"""EfficientTrain: all passages from the start, but what is easy of them first, which is also cheaper.

    the first B' pieces of a passage, B' = 32, 48, 64 for 60, 20 and 20 % of the steps

Departs from the paper: it reads pictures, whose low frequencies come first. Text has none; the head of a passage stands
for the small picture, and strengths of augmentation are left out. Heads are a half and three quarters, where it takes
sides of 160 and 192 of 224.

>>> [head_at(p) for p in (0.1, 0.7, 0.9)]
[32, 48, 64]
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.kit.method import Card, Matches, Paper


def head_at(progress):
    """Predicted pieces of a passage."""
    return 32 if progress < 0.6 else 48 if progress < 0.8 else 64


class EfficientTrain(DataMixingMethod):
    card = Card(
        title="EfficientTrain",
        papers=(Paper("EfficientTrain: Exploring Generalized Curriculum Learning for Training Visual Backbones", 2022,
                      arxiv="2211.09703"),),
        fidelity="proxy",
        claims=(Matches("natural-shares", on="general_bpb", within=0.03, cost="pieces"),),
    )

    def batch(self, windows, weights, task, order):
        return super().batch(windows, weights, task, order)[:, :head_at(task.progress) + 1]
