"""General text in a larger model: two thirds wider, so with about twice the weights.

>>> round(GeneralLarge.width, 2), GeneralLarge.phases
(1.67, ((('general',), 1.0),))
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Card


class GeneralLarge(PretrainingCorporaMethod):
    card = Card(title="General text, a wider model")
    phases = ((("general",), 1.0),)
    width = 5 / 3
