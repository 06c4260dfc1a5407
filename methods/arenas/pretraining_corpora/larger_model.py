"""Larger model: the target's text and units, in an encoder two thirds wider, so with about twice the weights.

>>> round(LargerModel.width, 2)
1.67
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Card


class LargerModel(PretrainingCorporaMethod):
    card = Card(title="A wider model")
    width = 5 / 3
