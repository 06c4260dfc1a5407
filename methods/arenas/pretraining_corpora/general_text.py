"""General text: hidden units of other languages or domains, with units learnt there.

What the target's own text is compared with.

>>> GeneralText.phases
((('general',), 1.0),)
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Card


class GeneralText(PretrainingCorporaMethod):
    card = Card(title="General text")
    phases = ((("general",), 1.0),)
