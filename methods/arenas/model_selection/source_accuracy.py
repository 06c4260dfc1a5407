"""Source accuracy: the model that was best at its own task.

    s = share of its own kinds' unseen items that the model names rightly

What is often gone by. Of language models it is not told, and the steps of training stand in.
"""

import math

from methods.arenas.model_selection.arena import ModelSelectionMethod
from methods.kit.method import Card


class SourceAccuracy(ModelSelectionMethod):
    """
    >>> from types import SimpleNamespace as Any
    >>> SourceAccuracy().score(Any(card=Any(accuracy=50.0, steps=3)), None)
    50.0
    """

    card = Card(title="Source accuracy")

    def score(self, model, task):
        return float(model.card.steps) if math.isnan(model.card.accuracy) else model.card.accuracy
