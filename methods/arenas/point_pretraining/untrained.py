"""Untrained: the transformer as it was drawn.

The lower end of the table.

>>> 0 * 12_800                                                                   # clouds it learns from
0
"""

from methods.arenas.point_pretraining.arena import PointPretrainingMethod
from methods.kit.method import Card


class Untrained(PointPretrainingMethod):
    card = Card(title="Untrained")

    def fit(self, task):
        task.trial.record(0, 1, loss=0.0)
        task.trial.count(clouds=0)
        return task.encoder()
