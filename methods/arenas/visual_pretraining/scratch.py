"""Scratch: the transformer as it was drawn.

No pretraining: the lower end of the table, and what fine-tuning on few labels makes of random weights.

>>> 0 * 20_480                                                                   # pictures it learns from
0
"""

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.kit.method import Card


class Scratch(VisualPretrainingMethod):
    card = Card(title="Untrained")

    def fit(self, task):
        encoder = task.encoder()
        task.trial.record(0, 1, loss=0.0)
        task.trial.count(pictures=0)
        return encoder
