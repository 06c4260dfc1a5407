"""Ten times text: of the target, or what there is of it, in the same number of steps.

>>> TenTimesText.phases
((('more',), 1.0),)
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Card


class TenTimesText(PretrainingCorporaMethod):
    card = Card(title="Ten times the text")
    phases = ((("more",), 1.0),)
