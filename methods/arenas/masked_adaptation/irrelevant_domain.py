"""Irrelevant domain: hidden words of text that has nothing to do with the task.

    L = - mean over chosen t of log p(x_t | x~), x from source code read as words

Whether more reading of any kind is what helps. In `code`, where nothing else is at hand, it is half of the domain.

>>> IrrelevantDomain().share
0.15
"""

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.kit.method import Card


class IrrelevantDomain(MaskedAdaptationMethod):
    card = Card(title="Irrelevant domain")

    def draw(self, task):
        return task.draw("elsewhere")
