"""One source: as much text of the target as others read, but all of one kind; which, is drawn anew with every seed.

>>> OneSource.phases
((('one-source',), 1.0),)
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Card


class OneSource(PretrainingCorporaMethod):
    card = Card(title="One source")
    phases = ((("one-source",), 1.0),)
