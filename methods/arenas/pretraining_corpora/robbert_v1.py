"""RobBERT, first version: the target's text, cut into units that were learnt on other languages.

>>> RobbertV1.units_of, RobbertV1.phases
(('general',), ((('target',), 1.0),))
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Card


class RobbertV1(PretrainingCorporaMethod):
    card = Card(title="RobBERT with units of other languages")
    units_of = ("general",)
