"""Clean text: the target's text as it is written by the book, as much of it, with units learnt there.

>>> CleanText.phases
((('formal',), 1.0),)
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Card


class CleanText(PretrainingCorporaMethod):
    card = Card(title="Clean text")
    phases = ((("formal",), 1.0),)
