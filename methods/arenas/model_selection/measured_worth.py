"""Measured worth: what the models are worth by other items.

An upper bound: where they are probed, by a probe learnt on ten other drawings of each kind; else by half of the items
that the truth is made of. All cost of what selection is to spare.
"""

from methods.arenas.model_selection.arena import ModelSelectionMethod
from methods.kit.method import Card


class MeasuredWorth(ModelSelectionMethod):
    card = Card(title="Measured worth")
    sees_worth = True

    def score(self, model, task):
        raise NotImplementedError
