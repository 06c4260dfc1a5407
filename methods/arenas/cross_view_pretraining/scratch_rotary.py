"""Scratch, rotary: the untrained network whose places turn queries and keys, tuned on the few pairs.

What the network of CroCo v2 is worth before any pretraining.

>>> 0 * 12_800                                                                   # pictures it learns from
0
"""

from methods.arenas.cross_view_pretraining.arena import CrossViewMethod
from methods.arenas.cross_view_pretraining.stage.nets import Mover
from methods.kit.method import Card


class ScratchRotary(CrossViewMethod):
    card = Card(title="From scratch, rotary")

    def fit(self, task):
        task.trial.record(0, 1, loss=0.0)
        task.trial.count(pictures=0)
        return Mover(task.reader(True)).to(task.one.device)
