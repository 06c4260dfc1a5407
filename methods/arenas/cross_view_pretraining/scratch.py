"""Scratch: the network as it was drawn, tuned on the few pairs with known moves.

The lower end of the table.

>>> 0 * 12_800                                                                   # pictures it learns from
0
"""

from methods.arenas.cross_view_pretraining.arena import CrossViewMethod
from methods.arenas.cross_view_pretraining.stage.nets import Mover
from methods.kit.method import Card


class Scratch(CrossViewMethod):
    card = Card(title="From scratch")

    def fit(self, task):
        task.trial.record(0, 1, loss=0.0)
        task.trial.count(pictures=0)
        return Mover(task.reader(False)).to(task.one.device)
